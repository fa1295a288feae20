import DNS
import Glibc

// What the tests start as the resolver's worker: the real one, or with an argument one that does this wrong. Its messages
// are written out by octets, so that a fault in the protocol's writer cannot hide in a test of its reader.

let socket: Int32 = 3

func write(_ octets: [UInt8]) {
    var rest = octets[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(socket, $0.baseAddress, $0.count) }
        if count <= 0 { exit(1) }
        rest = rest.dropFirst(count)
    }
}

func read(_ count: Int) -> [UInt8] {
    var octets: [UInt8] = []
    var portion = [UInt8](repeating: 0, count: count)
    while octets.count < count {
        let got = Glibc.read(socket, &portion, count - octets.count)
        if got <= 0 { exit(0) }
        octets.append(contentsOf: portion.prefix(got))
    }
    return octets
}

/// The next payload.
func next() -> [UInt8] {
    read(read(4).reduce(0) { $0 << 8 | Int($1) })
}

func send(_ payload: [UInt8]) {
    let length = UInt32(payload.count)
    write((0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + payload)
}

func ready() {
    send([1, 0x81, 0, 4] + Array("fake".utf8))
}

/// The answer to the payload of a question: insecure, TTL 0, one record.
func answer(_ question: [UInt8], record: [UInt8] = [127, 0, 0, 1]) -> [UInt8] {
    [1, 0x83] + question.dropFirst(2) + [2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, UInt8(record.count)] + record
}

func isQuestion(_ payload: [UInt8]) -> Bool { payload.count > 14 && payload[1] == 2 }

func nextQuestion() -> [UInt8] {
    while true {
        let payload = next()
        if isQuestion(payload) { return payload }
    }
}

let mode = CommandLine.arguments.dropFirst().first
if mode == nil { exit(ResolverWorker.run()) }
_ = next()  // the settings
switch mode {
case "dies-at-start": exit(3)
case "garbage-at-start": write(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
case "answers-unasked": send(answer([1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0x2E]))
case "refuses": send([1, 0x82, 0, 8] + Array("bad hint".utf8))
case "dies-when-asked":
    ready()
    _ = nextQuestion()
    kill(getpid(), SIGKILL)
case "garbage-when-asked":
    ready()
    _ = nextQuestion()
    write([0xFF, 0xFF, 0xFF, 0xFF])
    while true { pause() }
case "swaps":
    ready()
    let first = nextQuestion()
    let second = nextQuestion()
    send(answer(Array(first[0..<10]) + second[10...]))
    while true { pause() }
case "echoes":
    ready()
    while true { send(answer(nextQuestion())) }
case "answers-only-txt":
    // Each name has the record of an MTA-STS policy; what else is asked stays open.
    ready()
    let text = Array("v=STSv1; id=1;".utf8)
    while true {
        let question = nextQuestion()
        if question[10] == 0, question[11] == 16 { send(answer(question, record: [UInt8(text.count)] + text)) }
    }
case "one-octet-at-a-time":
    ready()
    while true {
        let payload = answer(nextQuestion())
        for octet in [0, 0, 0, UInt8(payload.count)] + payload { write([octet]) }
    }
case "silent":
    ready()
    while true { _ = next() }
case "answers-none-but-probes":
    ready()
    while true {
        let question = nextQuestion()
        if question.contains(UInt8(ascii: "w")) { send(answer(question)) }
    }
case "reads-nothing":
    ready()
    while true { pause() }
case "dies-once":
    // The first life ends at its first question; later lives are sound. The mark is a file the test names.
    ready()
    let path = CommandLine.arguments[2]
    let question = nextQuestion()
    if access(path, F_OK) != 0 {
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        kill(getpid(), SIGKILL)
    }
    send(answer(question))
    while true { send(answer(nextQuestion())) }
default: exit(64)
}
