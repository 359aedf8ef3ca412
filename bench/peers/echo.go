// An echo as a Go programmer would write it without a library: net, and a goroutine for each connection.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

const audio = 0x10

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go echo(connection)
	}
}

func echo(connection net.Conn) {
	defer connection.Close()
	header := make([]byte, 3)
	for {
		if _, err := io.ReadFull(connection, header); err != nil {
			return
		}
		frame := make([]byte, 3+int(binary.BigEndian.Uint16(header[1:])))
		copy(frame, header)
		if _, err := io.ReadFull(connection, frame[3:]); err != nil {
			return
		}
		if frame[0] != audio {
			continue
		}
		if _, err := connection.Write(frame); err != nil {
			return
		}
	}
}
