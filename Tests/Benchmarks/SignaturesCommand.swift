import ArgumentParser
import Mail
import TLS

/// How fast mail is signed: from the octets of a message to the field that goes above it, on one thread.
struct SignaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signatures", abstract: "DKIM signatures a second, for each kind of key and size of message.")

    @Option(help: "Seconds for each kind and size.")
    var seconds = 3
    @Option(help: "Octets of the body, separated by commas.")
    var bodies = "2048,65536,1048576"

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("Seconds are a positive number.") }
    }

    func run() throws {
        let domain = try DomainName("example.org")
        for kind in [DKIMPrivateKey.Kind.rsa2048, .ed25519] {
            let key = try DKIMPrivateKey(pem: try DKIMPrivateKey.generate(kind))
            let terms = try DKIMTerms(
                signingDomain: domain, selector: try DomainName("bench"), algorithm: key.algorithm,
                time: WallTime(seconds: 1_800_000_000))
            var signed = 0
            let input = [UInt8](repeating: 0x61, count: 1024)
            let alone = try measure { signed &+= try key.sign(input).count }
            print("\(kind.rawValue): \(Int(alone.perSecond)) signatures/s of 1 KiB (the key alone), \(alone.words)")
            for size in bodies.split(separator: ",").compactMap({ Int($0) }) {
                let content = Self.message(body: size)
                let result = try measure { signed &+= try Self.sign(content, key, terms).count }
                print(
                    "\(kind.rawValue), body of \(size) octets: \(Int(result.perSecond)) messages/s, \(result.words)")
            }
            guard signed > 0 else { throw ValidationError("Nothing was signed.") }
        }
    }

    private static func sign(_ content: [UInt8], _ key: DKIMPrivateKey, _ terms: DKIMTerms) throws -> [UInt8] {
        let signable = try DKIMSignable(reading: content)
        var digest = try DKIMBodyDigest.begin(.relaxed)
        try content.withUnsafeBytes { bytes in
            try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(signable.bodyOffset)))
        }
        let hash = try digest.finish().digest
        let plan = DKIMSigningPlan(signable, of: content, terms: terms)
        return plan.field(bodyHash: hash, signature: try key.sign(plan.input(bodyHash: hash)))
    }

    private static func message(body size: Int) -> [UInt8] {
        let header = """
            Received: from mail.example.org by relay.example.org with ESMTPS id 0123456789; Sat, 21 Nov 2026 12:00:00 +0000\r
            From: Alice Example <alice@example.org>\r
            To: Bob Example <bob@example.net>\r
            Subject: a message of usual length and shape\r
            Date: Sat, 21 Nov 2026 12:00:00 +0000\r
            Message-ID: <0123456789abcdef@example.org>\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=utf-8\r
            \r

            """
        let line = Array("The quick brown fox jumps over the lazy dog, and does it again and again.\r\n".utf8)
        var content = Array(header.utf8)
        while content.count < header.utf8.count + size { content += line }
        return content
    }

    private struct Result {
        var perSecond: Double
        var words: String
    }

    /// By processor time, a hundred at a time.
    private func measure(_ body: () throws -> Void) throws -> Result {
        for _ in 0..<20 { try body() }
        let start = ProcessorTime.now
        var count = 0
        while ProcessorTime.now - start < Double(seconds) {
            for _ in 0..<20 { try body() }
            count += 20
        }
        let used = ProcessorTime.now - start
        return Result(
            perSecond: Double(count) / used,
            words: "\(ProcessorTime.text(used / Double(count) * 1e6)) us of processor each")
    }
}
