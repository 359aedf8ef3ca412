/* A server that echoes for one second, plays half a second of audio, and closes the connection. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    unsigned char frame[3 + 65535] = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1]))};
    socklen_t length = sizeof address;
    int call, server = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 5)) return 1;
    getsockname(server, (struct sockaddr *)&address, &length);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while ((call = accept(server, NULL, NULL)) >= 0) {
        recv(call, frame, 19, MSG_WAITALL);
        for (int frames = 0; frames < 50 && recv(call, frame, 3, MSG_WAITALL) == 3; frames++) {
            int size = frame[1] << 8 | frame[2];
            recv(call, frame + 3, size, MSG_WAITALL);
            send(call, frame, 3 + size, MSG_NOSIGNAL);
        }
        memcpy(frame, "\x10\x01\x40", 3);
        for (int frames = 0; frames < 25; frames++, usleep(20000)) send(call, frame, 323, MSG_NOSIGNAL);
        close(call);
    }
}
