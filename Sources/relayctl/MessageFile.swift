import Mail
import Relay

/// A message in a file that a person named, as it would go over SMTP.
struct MessageFile: Hashable {
    /// With CRLF for line ends.
    let content: [UInt8]
    /// What was done to it, or is strange about it; a sentence without a full stop.
    let remark: String?

    /// Octets of a file: far more than any host takes.
    static let sizeLimit = 64 * 1024 * 1024

    /// - Parameter path: `-` is standard input.
    static func read(_ path: String, limit: Int = sizeLimit) throws(Failure) -> MessageFile {
        let octets = try InputFile.read(path, limit: limit + 1)
        let name = path == "-" ? "standard input" : TextStyle.harmless(path)
        guard octets.count <= limit else { throw Failure(.usage, "\(name) has more than \(limit) octets") }
        guard !octets.isEmpty else { throw Failure(.usage, "\(name) is empty") }
        return MessageFile(octets)
    }

    /// The first line end tells what the file is: LF in files of Unix, CRLF as on the wire.
    init(_ octets: [UInt8]) {
        var bare = 0
        var isOfLF = false
        var previous: UInt8 = 0
        var isFirst = true
        for octet in octets {
            if octet == UInt8(ascii: "\n") {
                if previous != UInt8(ascii: "\r") {
                    bare += 1
                    if isFirst { isOfLF = true }
                }
                isFirst = false
            }
            previous = octet
        }
        guard isOfLF else {
            content = octets
            remark =
                bare == 0
                ? nil : "\(bare) of its lines end in a bare LF, and are taken as they are: relayd refuses those"
            return
        }
        var content: [UInt8] = []
        content.reserveCapacity(octets.count + bare)
        previous = 0
        for octet in octets {
            if octet == UInt8(ascii: "\n"), previous != UInt8(ascii: "\r") { content.append(UInt8(ascii: "\r")) }
            content.append(octet)
            previous = octet
        }
        self.content = content
        remark = "its lines end in LF: taken with CRLF, as they go over SMTP"
    }

    /// Says on standard error what there is to say.
    func tell(_ path: String) {
        guard let remark else { return }
        Output.error("relayctl: \(path == "-" ? "standard input" : path): \(remark)")
    }
}
