import FoundationEssentials
import Fuzzing
import Mail

@testable import Relay

/// What operators and their programs write: files, and requests to the control socket.
extension Target {
    static let operations: [Target] = [
        Target("configuration") { octets in
            let text = String(decoding: octets, as: UTF8.self)
            do throws(ConfigurationError) {
                let configuration = try Configuration.parse(text: text, file: "fuzz.toml")
                must((try? Configuration.parse(text: text, file: "fuzz.toml")) == configuration, "it is read otherwise")
            } catch {
                must(!error.faults.isEmpty, "it is refused without a fault")
                // TOML counts LF and CRLF; Unicode knows more line ends, so there are at least as many.
                let lines = octets.count { $0 == 0x0A } + 1
                for fault in error.faults {
                    must(!fault.description.hasControls, fault.description.debugDescription)
                    must((1...lines).contains(fault.place?.line ?? 1), "\(fault) of \(lines) lines")
                }
            }
        },
        Target("control") { octets in
            let end = ControlRequest.endOfHead(in: octets, searched: 0)
            for searched in [1, octets.count / 2, octets.count - 1] where (0..<(end ?? octets.count)).contains(searched)
            {
                must(ControlRequest.endOfHead(in: octets, searched: searched) == end, "the head ends elsewhere")
            }
            let head = octets.prefix(end ?? octets.count)
            do throws(ControlRefusal) {
                let request = try ControlRequest.parse(head)
                guard let length = try ControlBody.length(in: head, of: request) else { return }
                must((1...ControlBody.limit).contains(length), "a body of \(length) octets")
                _ = try request.with(Array(octets.dropFirst(head.count).prefix(length)))
            } catch {
                check(error.answer)
            }
        },
        Target("users-file") { octets in
            guard let file = try? UsersFile(parsing: octets, path: "users") else { return }
            must((try? UsersFile(parsing: file.octets, path: "users"))?.records == file.records, "it is read otherwise")
            for record in file.records { must(file[record.name] == record.verifier, "\(record.name) has another") }
        },
        Target("credentials") { octets in
            guard let credentials = try? CredentialsFile.parse(octets) else { return }
            must(!"\(credentials)".hasControls, "it holds a control character")
        },
        Target("log") { octets in
            var draw = Draw(octets)
            let line = LogLine("fuzz").with("first", draw.text()).with(
                "rest", String(decoding: draw.all(), as: UTF8.self))
            must(!line.text.hasControls, line.text.debugDescription)
        },
    ]

    /// One answer of HTTP, and JSON on one line within.
    private static func check(_ answer: ControlAnswer) {
        let octets = answer.octets
        let head = ControlRequest.endOfHead(in: octets, searched: 0) ?? 0
        let lines = octets[..<head].split(separator: 0x0A).map(Array.init)
        must(lines.allSatisfy { $0.last == 0x0D && !$0.dropLast().contains { $0 < 0x20 } }, "a bad head")
        must(octets.count == head + answer.body.count + 1, "the body is not behind the head")
        must(!answer.body.contains(0x0A), "the body has more than a line")
        let view = try? JSONDecoder().decode(ControlErrorEnvelope.self, from: Data(answer.body))
        must(view?.error.code.isEmpty == false, "a refusal that says nothing")
    }
}
