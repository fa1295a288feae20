import Testing

@testable import Mail

/// What hosts put where an enhanced status code belongs. Other relays have read beyond the end of a code without text, and used the one of an
/// earlier reply.
struct EnhancedStatusTests {
    /// Texts of a reply, for its first digit.
    static func texts(_ digit: Int) -> [String] {
        let other = digit == 5 ? 4 : 5
        return [
            "", " ", "-", ".", "..", "...", "\(digit)", "\(digit).", "\(digit).7", "\(digit).7.", "\(digit).7.1",
            "\(digit).7.1 ", "\(digit).7.1 x", "\(digit).7.1x", "\(digit).7.x", "\(digit).7.x x", "\(digit).999.999 x",
            "\(digit).1000.1 x", "\(digit).1.1000", "\(digit).007.001 x", "\(digit)..1", "\(digit).1..1", ".7.1",
            "\(digit).-1.1", "\(digit).+1.1", "\(digit).٣.1", "\(digit).1.1.1", "99999999999999999999.1.1",
            "\(digit).99999999999999999999.1", "\(other).7.1 x", "2.0.0 ok", "3.1.1 x", "9.1.1 x", "0.0.0", "x.y.z",
            "#\(digit).7.1", "[\(digit).7.1]", "\u{0}", "\u{FFFD}",
        ]
    }

    @Test("CLI-06 the basic code decides, whatever stands where the enhanced one belongs", arguments: [4, 5])
    func decides(digit: Int) throws {
        for text in Self.texts(digit) {
            for separator in [" ", "-"] where separator == " " || !text.isEmpty {
                let code = digit == 4 ? 450 : 550
                let reply = separator == " " ? "\(code) \(text)" : "\(code)-\(text)\r\n\(code) \(text)"
                let word = "\(digit == 4 ? "deferred" : "bounced") remote-reply \(code)"
                var client = try ClientDriver()
                _ = client.hello()
                #expect(client.replies("250 ok", reply) == "done \(word)", "\(reply)")
                var final = try ClientDriver()
                _ = final.hello()
                _ = final.replies("250 ok", "250 ok", "354 go")
                _ = final.on(.contentSent)
                #expect(final.reply(reply) == "done \(word)", "\(reply)")
            }
        }
    }

    @Test("CLI-06 an acceptance is one, whatever stands where the enhanced code belongs")
    func accepts() throws {
        for text in Self.texts(2) + Self.texts(5) {
            var client = try ClientDriver()
            _ = client.hello()
            #expect(client.replies("250 \(text)", "250 \(text)", "354 \(text)") == "content", "\(text)")
            _ = client.on(.contentSent)
            #expect(client.reply("250 \(text)") == "done delivered 250", "\(text)")
        }
    }

    @Test("CLI-06 a code counts for its own reply, not for the next")
    func ownReply() throws {
        var parser = ReplyParser()
        parser.append("550 5.1.1 x\r\n550 x\r\n550-\r\n550 5.7.1 x\r\n".utf8)
        #expect(try parser.next()?.enhanced == EnhancedStatusCode(5, 1, 1))
        #expect(try parser.next()?.enhanced == nil)
        #expect(try parser.next()?.enhanced == nil, "the code stands in the first line, or nowhere")
    }

    @Test("DSN-08 the status of a notice has the class of what happened, whatever the host says")
    func status() throws {
        for digit in [4, 5] {
            for text in Self.texts(digit) {
                var parser = ReplyParser()
                parser.append("\(digit)50 \(text)\r\n".utf8)
                let reply = try #require(try parser.next())
                for (action, wanted) in [(DSN.Action.failed, UInt8(5)), (.delayed, 4), (.relayed, 2)] {
                    let status = DSN.status(
                        Reason(.remoteReply, "x"), reply, action, expiredFrom: nil, demand: .ordinary)
                    #expect(status.class == wanted, "\(text): \(status)")
                    #expect(status.subject <= 999 && status.detail <= 999, "\(text): \(status)")
                }
            }
        }
    }

    @Test("CLI-06 every text of five octets that matter is read, and none changes the basic code")
    func everyText() throws {
        let alphabet = Array("59.- x".utf8)
        let length = 5
        var indices = [Int](repeating: 0, count: length)
        var read = 0
        while true {
            var parser = ReplyParser()
            parser.append(Array("550 ".utf8) + indices.map { alphabet[$0] } + [13, 10])
            let reply = try #require(try parser.next())
            #expect(reply.code == 550 && reply.lines.count == 1 && (reply.enhanced?.class ?? 5) == 5)
            read += 1
            guard let place = indices.lastIndex(where: { $0 < alphabet.count - 1 }) else { break }
            indices[place] += 1
            for later in indices.indices where later > place { indices[later] = 0 }
        }
        #expect(read == 7776)
    }
}
