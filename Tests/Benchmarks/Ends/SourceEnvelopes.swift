/// The envelopes of a source's messages, as octets that stand ready: one recipient each, at all domains in turn.
struct SourceEnvelopes {
    let mail: [UInt8]
    let mailWithSize: [UInt8]
    private let recipients: [UInt8]
    private let ends: [Int]

    static let data: StaticString = "DATA\r\n"

    init(sender: String, domains: [String], size: Int) {
        mail = Array("MAIL FROM:<\(sender)>\r\n".utf8)
        mailWithSize = Array("MAIL FROM:<\(sender)> SIZE=\(size)\r\n".utf8)
        var recipients: [UInt8] = []
        var ends = [0]
        for domain in domains {
            recipients += Array("RCPT TO:<bench@\(domain)>\r\n".utf8)
            ends.append(recipients.count)
        }
        self.recipients = recipients
        self.ends = ends
    }

    /// Appends the command that names the recipient of that message.
    func appendRecipient(of message: Int, to buffer: inout OctetBuffer) {
        let count = ends.count - 1
        guard count > 0 else { return }
        let place = message % count
        recipients.withUnsafeBytes {
            buffer.append(UnsafeRawBufferPointer(rebasing: $0[ends[place]..<ends[place + 1]]))
        }
    }

    func appendMail(withSize: Bool, to buffer: inout OctetBuffer) {
        buffer.append(withSize ? mailWithSize : mail)
    }

    /// `d%d.bench` for 1 to `count`; `%02d` and its like fill with zeros.
    static func domains(pattern: String, count: Int) -> [String]? {
        guard let percent = pattern.firstIndex(of: "%"), let end = pattern[percent...].firstIndex(of: "d") else {
            return count == 1 ? [pattern] : nil
        }
        let middle = pattern[pattern.index(after: percent)..<end]
        guard middle.isEmpty || middle.first == "0", let width = middle.isEmpty ? 0 : Int(middle), width < 20 else {
            return nil
        }
        return (1...count).map { number in
            let text = String(number)
            let zeros = String(repeating: "0", count: max(0, width - text.utf8.count))
            return pattern[..<percent] + zeros + text + pattern[pattern.index(after: end)...]
        }
    }
}
