import Fuzzing

@testable import Mail

/// What comes over a connection before it is understood: replies, commands, the words of proxies, logins.
extension Target {
    static let wire: [Target] = [
        Target("reply") { octets in
            // However it is cut: the same replies, and the same fault.
            let whole = replies(octets, piece: max(1, octets.count))
            for piece in [1, 2, 7] { must(replies(octets, piece: piece) == whole, "replies differ by how they come") }
            for reply in whole.replies {
                must((200...599).contains(reply.code) && !reply.lines.isEmpty, "\(reply) is no reply")
                must(!reply.lines.contains(where: \.hasControls), "\(reply) holds a control character")
                let again = replies(reply.rendered, piece: Int.max).replies
                must(again.count == 1, "\(reply) does not come back as one reply")
                must(again.first?.code == reply.code, "\(reply) comes back as \(again)")
                // A code that was none for a control character within it is one without that.
                let enhanced = again.first?.enhanced
                must(reply.enhanced == nil || reply.enhanced == enhanced, "\(reply) comes back as \(again)")
            }
        },
        Target("command") { octets in
            for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
                do throws(CommandError) {
                    check(try Command(parsing: line, toASCII: someLabels))
                } catch {
                    let reply = error.reply
                    must((500...555).contains(reply.code), "\(error) is answered by \(reply)")
                    must(!reply.lines.contains(where: \.hasControls), "\(reply) holds a control character")
                }
            }
        },
        Target("xforward") { octets in
            var draw = Draw(octets)
            var client = ForwardedClient()
            while !draw.isEmpty {
                let before = client
                do throws(ForwardedClient.Fault) {
                    try client.apply(argument: draw.line())
                } catch {
                    must(client == before, "what is refused changes \(before) to \(client)")
                    continue
                }
                must(!client.text.utf8.contains { !(0x20...0x7E).contains($0) }, "\(client.text.debugDescription)")
                must(ForwardedClient(text: client.text) == client, "\(client.text) is not what it was written of")
            }
        },
        Target("proxy") { octets in
            let whole = ProxyHeader.read(octets)
            if case .header(_, let consumed) = whole { must(consumed <= octets.count, "\(consumed) octets consumed") }
            if octets.count >= ProxyHeader.binaryLimit { must(whole != .needsMore, "it never ends") }
            for count in Set([1, 2, 12, 16, octets.count / 2, octets.count - 1])
            where (0..<octets.count).contains(count) {
                switch ProxyHeader.read(octets.prefix(count)) {
                case .needsMore: break
                case let early: must(early == whole, "\(early) of \(count) octets, \(whole) of all")
                }
            }
            guard case .header(let header, let consumed) = whole else { return }
            must(
                ProxyHeader.read(octets.prefix(consumed)) == .header(header, consumed: consumed),
                "it needs what follows")
            must(ProxyHeader.read(octets.prefix(consumed - 1)) == .needsMore, "it does not need its last octet")
        },
        Target("auth") { octets in
            var walk = LoginWalk(octets)
            walk.run()
        },
    ]

    /// Some name for every domain with U-labels: what is kept of a command is then never what the client wrote.
    static let someLabels: DomainToASCII = { text in try? DomainName("xn--\(text.unicodeScalars.count).example") }

    private struct Replies: Equatable {
        var replies: [Reply] = []
        var fault: ReplyError?
    }

    private static func replies(_ octets: [UInt8], piece: Int) -> Replies {
        var parser = ReplyParser()
        var found = Replies()
        var rest = octets[...]
        while true {
            do throws(ReplyError) {
                while let reply = try parser.next() { found.replies.append(reply) }
            } catch {
                // Which of two bounds is met first depends on how much of a line is there.
                found.fault = error == .lineTooLong ? .tooLong : error
                return found
            }
            must(parser.pendingBytes <= octets.count, "\(parser.pendingBytes) octets pending")
            if rest.isEmpty { return found }
            parser.append(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
    }

    /// Nothing in a command could end a line, and paths are what their text is read as.
    private static func check(_ command: Command) {
        switch command {
        case .mail(let path, let parameters):
            must(
                (try? ReversePath(parsing: "<\(path)>".utf8, toASCII: someLabels)) == path,
                "<\(path)> is read otherwise")
            must(!holdsControls(parameters), "\(parameters) holds a control character")
        case .rcpt(let path, let parameters, isASCII: _):
            if case .mailbox(let mailbox) = path {
                let again = try? ForwardPath(parsing: "<\(mailbox)>".utf8, toASCII: someLabels)
                must(again == path, "<\(mailbox)> is read otherwise")
            }
            must(!holdsControls(parameters), "\(parameters) holds a control character")
            let notify = parameters.request.notify?.text
            must(notify?.isEmpty != true, "NOTIFY= without a word")
        case .bdat(let size, isLast: _):
            must(size >= 0, "a chunk of \(size)")
        case .auth(let mechanism, initialResponse: _):
            // The response is octets of any kind.
            must(!mechanism.isEmpty && !mechanism.hasControls, "\(mechanism.debugDescription) is a mechanism")
        case .ehlo, .helo, .lhlo, .data, .rset, .noop, .quit, .vrfy, .help, .startTLS, .xforward:
            must(!holdsControls(command), "\(command) holds a control character")
        }
    }

    /// Whether any text within `value` does.
    private static func holdsControls(_ value: Any) -> Bool {
        switch value {
        case let text as String: text.hasControls
        case let octets as [UInt8]: octets.contains { $0 < 0x20 || $0 == 0x7F }
        default: Mirror(reflecting: value).children.contains { holdsControls($0.value) }
        }
    }
}
