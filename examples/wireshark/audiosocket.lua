-- Wireshark dissector for AudioSocket, Asterisk's TCP protocol for live audio.
--
-- To install it, copy this file into the folder "Personal Lua Plugins" that Help, About Wireshark, Folders names. To use it
-- once: tshark -X lua_script:audiosocket.lua -r capture.pcap
--
-- The dissector recognises a connection by its UUID frame, on any port. For a capture that starts in the middle of a call, use
-- Decode As, or: tshark -d tcp.port==9092,audiosocket
--
-- If segments arrived out of order, switch on "Reassemble out-of-order segments" in the preferences of TCP, or add
-- -o tcp.reassemble_out_of_order:TRUE to the command.
--
-- Filters: audiosocket.kind == 0x03, audiosocket.digit == "5", audiosocket.malformed, audiosocket.direction == "to-caller"

local audiosocket = Proto("audiosocket", "AudioSocket")

local HANGUP, UUID, DTMF_START_STOP, DTMF_DIGIT, ERROR = 0x00, 0x01, 0x02, 0x03, 0xff
local RATES = {
    [0x10] = 8000, [0x11] = 12000, [0x12] = 16000, [0x13] = 24000, [0x14] = 32000,
    [0x15] = 44100, [0x16] = 48000, [0x17] = 96000, [0x18] = 192000,
}
local HEADER_LENGTH, UUID_LENGTH, START_STOP_LENGTH = 3, 16, 6
-- Wireshark gives port 9092 to Kafka.
local SHARED_PORT = 9092

local names = {
    [HANGUP] = "hangup", [UUID] = "uuid", [DTMF_START_STOP] = "dtmf", [DTMF_DIGIT] = "dtmf", [ERROR] = "error",
}
for kind in pairs(RATES) do
    names[kind] = "audio"
end

local fields = {
    kind = ProtoField.uint8("audiosocket.kind", "Kind", base.HEX, names),
    length = ProtoField.uint16("audiosocket.length", "Payload length", base.DEC),
    direction = ProtoField.string("audiosocket.direction", "Direction"),
    uuid = ProtoField.guid("audiosocket.uuid", "UUID"),
    signal = ProtoField.string("audiosocket.signal", "Signal"),
    digit = ProtoField.string("audiosocket.digit", "Digit"),
    dialect = ProtoField.string("audiosocket.dialect", "DTMF dialect"),
    duration = ProtoField.uint32("audiosocket.duration", "Duration in ms", base.DEC),
    rate = ProtoField.uint32("audiosocket.rate", "Sample rate in Hz", base.DEC),
    samples = ProtoField.uint32("audiosocket.samples", "Samples", base.DEC),
    audio = ProtoField.bytes("audiosocket.audio", "Audio"),
    code = ProtoField.uint8("audiosocket.code", "Error code", base.HEX),
    code_hangup = ProtoField.bool("audiosocket.code.hangup", "Hangup of the calling party", 8, nil, 0x01),
    code_forwarding = ProtoField.bool("audiosocket.code.frame_forwarding", "Frame forwarding", 8, nil, 0x02),
    code_memory = ProtoField.bool("audiosocket.code.memory", "Memory", 8, nil, 0x04),
    payload = ProtoField.bytes("audiosocket.payload", "Payload"),
}
audiosocket.fields = fields

local experts = {
    malformed = ProtoExpert.new("audiosocket.malformed", "Malformed payload", expert.group.MALFORMED, expert.severity.ERROR),
    unknown = ProtoExpert.new("audiosocket.unknown", "Unknown kind", expert.group.PROTOCOL, expert.severity.WARN),
}
audiosocket.experts = experts

local tcp_stream = Field.new("tcp.stream")

-- For each TCP stream: the address and the port that sent the UUID.
local callers = {}

function audiosocket.init()
    callers = {}
end

local function sender(pinfo)
    return tostring(pinfo.src) .. " " .. pinfo.src_port
end

local function direction(pinfo)
    local caller = callers[tcp_stream().value]
    if caller == nil then
        return nil
    end
    return caller == sender(pinfo) and "to-server" or "to-caller"
end

-- Returns the digit with this code. Lowercase letters mean the same digits as uppercase ones.
local function digit_of(code)
    local character = string.char(code):upper()
    return character:match("^[0-9*#A-D]$")
end

-- Each of the following functions adds the payload of one kind to the tree. It returns the text for the info column, or nil and
-- the reason why the payload is malformed.
local readers = {}

readers[HANGUP] = function(payload, tree)
    if payload then
        tree:add(fields.payload, payload)
    end
    return ""
end

readers[UUID] = function(payload, tree, pinfo)
    if not payload or payload:len() ~= UUID_LENGTH then
        return nil, "expected 16 bytes"
    end
    callers[tcp_stream().value] = callers[tcp_stream().value] or sender(pinfo)
    tree:add(fields.uuid, payload)
    local hex = tostring(payload:bytes()):lower()
    return (hex:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x+)$", "%1-%2-%3-%4-%5"))
end

readers[DTMF_DIGIT] = function(payload, tree)
    if not payload or payload:len() ~= 1 then
        return nil, "expected 1 byte"
    end
    local digit = digit_of(payload:uint())
    if not digit then
        return nil, "expected a digit: 0-9, *, #, A-D"
    end
    tree:add(fields.signal, payload, "digit")
    tree:add(fields.digit, payload, digit)
    tree:add(fields.dialect, payload, "asterisk"):set_generated()
    return "digit " .. digit
end

readers[DTMF_START_STOP] = function(payload, tree)
    if not payload then
        return ""
    end
    if payload:len() ~= START_STOP_LENGTH then
        return nil, "expected 6 bytes or none"
    end
    local state, digit = payload(0, 1):uint(), digit_of(payload(1, 1):uint())
    if state > 1 then
        return nil, "expected state 0 (stop) or 1 (start)"
    end
    if not digit then
        return nil, "expected a digit: 0-9, *, #, A-D"
    end
    local signal = state == 1 and "start" or "stop"
    tree:add(fields.signal, payload(0, 1), signal)
    tree:add(fields.digit, payload(1, 1), digit)
    tree:add(fields.dialect, payload, "start-stop"):set_generated()
    if state == 1 then
        return "digit " .. digit .. " starts"
    end
    tree:add_le(fields.duration, payload(2, 4))
    return string.format("digit %s stops after %d ms", digit, payload(2, 4):le_uint())
end

readers[ERROR] = function(payload, tree)
    if not payload then
        return "no code"
    end
    if payload:len() ~= 1 then
        tree:add(fields.payload, payload)
        return "code of " .. payload:len() .. " bytes"
    end
    local code = tree:add(fields.code, payload)
    code:add(fields.code_hangup, payload)
    code:add(fields.code_forwarding, payload)
    code:add(fields.code_memory, payload)
    return string.format("code 0x%02x", payload:uint())
end

local function read_audio(payload, tree, rate)
    if not payload then
        return nil, "expected at least one sample"
    end
    if payload:len() % 2 ~= 0 then
        return nil, "expected an even length"
    end
    local samples = math.floor(payload:len() / 2)
    tree:add(fields.rate, payload, rate):set_generated()
    tree:add(fields.samples, payload, samples):set_generated()
    tree:add(fields.audio, payload)
    return string.format("%d Hz %d samples", rate, samples)
end

-- Returns the name of a frame, as audiosocket inspect prints it.
local function name_of(kind, length)
    if kind == DTMF_START_STOP and length == 0 then
        return "silence"
    end
    return names[kind] or "unknown"
end

-- Several frames of one packet share its line of the packet list.
local function add_info(pinfo, text)
    local is_first = tostring(pinfo.cols.info) == ""
    pinfo.cols.info:append(is_first and text or ", " .. text)
end

local function dissect_frame(buffer, pinfo, root)
    local kind, length = buffer(0, 1):uint(), buffer(1, 2):uint()
    local payload = length > 0 and buffer(HEADER_LENGTH, length) or nil
    local tree = root:add(audiosocket, buffer(0, HEADER_LENGTH + length))
    tree:add(fields.kind, buffer(0, 1))
    tree:add(fields.length, buffer(1, 2))
    local name, text, reason = name_of(kind, length), nil, nil
    if RATES[kind] then
        text, reason = read_audio(payload, tree, RATES[kind])
    elseif readers[kind] then
        text, reason = readers[kind](payload, tree, pinfo)
    else
        text = string.format("kind 0x%02x, payload length %d", kind, length)
        tree:add_proto_expert_info(experts.unknown, text)
        if payload then
            tree:add(fields.payload, payload)
        end
    end
    if not text then
        text = string.format("MALFORMED: payload length %d, %s", length, reason)
        if payload then
            tree:add(fields.payload, payload)
        end
        tree:add_proto_expert_info(experts.malformed, string.format("Payload length %d, %s", length, reason))
    end
    local line = text == "" and name or name .. " " .. text
    tree:append_text(": " .. line)
    local direction = direction(pinfo)
    if direction then
        tree:add(fields.direction, direction):set_generated()
        line = (direction == "to-server" and "> " or "< ") .. line
    end
    add_info(pinfo, line)
    return HEADER_LENGTH + length
end

local function frame_length(buffer, _, offset)
    return HEADER_LENGTH + buffer(offset + 1, 2):uint()
end

-- The functions below call this one directly. A call of audiosocket.dissector would have no right to ask TCP for more segments.
local function dissect(buffer, pinfo, root)
    pinfo.cols.protocol = "AudioSocket"
    pinfo.cols.info = ""
    dissect_tcp_pdus(buffer, root, HEADER_LENGTH, frame_length, dissect_frame)
    return buffer:len()
end

audiosocket.dissector = dissect

-- Returns whether the packet starts with a UUID frame, and the next frame, if it is there, has a known kind.
local function starts_call(buffer)
    local first = HEADER_LENGTH + UUID_LENGTH
    if buffer:len() < first or buffer(0, HEADER_LENGTH):uint() ~= 0x010010 then
        return false
    end
    return buffer:len() == first or names[buffer(first, 1):uint()] ~= nil
end

local function recognise(buffer, pinfo, root)
    if not starts_call(buffer) then
        return false
    end
    -- From now on, both directions of the connection are dissected.
    pinfo.conversation = audiosocket
    dissect(buffer, pinfo, root)
    return true
end

audiosocket:register_heuristic("tcp", recognise)

local tcp_ports = DissectorTable.get("tcp.port")
tcp_ports:add_for_decode_as(audiosocket)

-- A dissector of a port comes before all heuristics. So the one of this port has to recognise AudioSocket itself. It gives all
-- other connections to the dissector that had the port.
local previous = tcp_ports:get_dissector(SHARED_PORT)
local shared = Proto("audiosocket_port", "AudioSocket or another protocol on port " .. SHARED_PORT)

function shared.dissector(buffer, pinfo, root)
    if recognise(buffer, pinfo, root) then
        return buffer:len()
    end
    return previous and previous:call(buffer, pinfo, root) or 0
end

tcp_ports:add(SHARED_PORT, shared)
