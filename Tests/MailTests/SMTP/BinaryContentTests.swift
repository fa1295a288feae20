import Testing

@testable import Mail

/// Content is never binary: what only BINARYMIME could carry on does not come in, so no host need offer it, and BDAT is not used
/// towards hosts (CLI-16).
@Suite("Binary content")
struct BinaryContentTests {
    @Test("CLI-16 BODY=BINARYMIME is refused, and the message may come otherwise")
    func parameter() throws {
        var server = try ServerChunkTests.ready()
        _ = server.send("RSET\r\n")
        #expect(server.send("MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n").hasPrefix("555 5.5.4 "))
        #expect(server.codes("MAIL FROM:<a@b.example> BODY=8BITMIME\r\n") == [250])
    }

    @Test("CLI-16 it is not offered")
    func offer() throws {
        var server = try ServerChunkTests.ready()
        #expect(!server.send("EHLO x\r\n").contains("BINARYMIME"))
    }

    @Test(
        "CLI-16 content with a CR or LF of its own is refused, in chunks as well",
        arguments: ["a\rb\r\n", "a\nb\r\n", "a\r\r\n", "\n"])
    func bare(content: String) throws {
        var chunks = try ServerChunkTests.ready()
        #expect(chunks.codes("BDAT \(content.utf8.count) LAST\r\n\(content)") == [554])
        var data = try ServerChunkTests.ready()
        #expect(data.codes("DATA\r\n\(content)\r\n.\r\n").first == 354)
        #expect(data.replies.last?.code == 554)
        #expect(chunks.stored.isEmpty && data.stored.isEmpty)
    }

    @Test("CLI-16 a host that offers CHUNKING and BINARYMIME is given DATA", arguments: [true, false])
    func toHosts(has8bit: Bool) throws {
        var client = try ClientDriver(has8bit: has8bit)
        let mail = client.hello("CHUNKING", "BINARYMIME", "8BITMIME")
        #expect(mail == (has8bit ? "MAIL FROM:<s@t.example> BODY=8BITMIME" : "MAIL FROM:<s@t.example>"))
        #expect(client.replies("250 ok", "250 ok") == "DATA dataStart")
    }
}
