import Testing

@testable import Mail

/// XFORWARD (Postfix, XFORWARD_README).
struct ForwardedClientTests {
    typealias Fault = ForwardedClient.Fault
    private static let long = String(repeating: "a", count: 255)

    static let read: [(String, ForwardedClient)] = [
        (
            "NAME=spike.example ADDR=192.0.2.9 PROTO=ESMTP",
            .init(name: "spike.example", address: "192.0.2.9", proto: "ESMTP")
        ),
        ("name=a\tAddr=b  pOrT=25 ", .init(name: "a", address: "b", port: "25")),
        (
            "HELO=h IDENT=3CF6B2AAE8 SOURCE=LOCAL PORT=65535",
            .init(port: "65535", helo: "h", ident: "3CF6B2AAE8", source: "LOCAL")
        ),
        ("SOURCE=remote", .init(source: "REMOTE")),
        ("NAME=[UNAVAILABLE] ADDR=[unavailable] HELO=[TempUnavail]", .init()),
        ("NAME=[Unavailable", .init(name: "[Unavailable")),
        ("NAME=+5BUNAVAILABLE+5D", .init()),  // It is the value that says it, not how it is written.
        ("ADDR=IPV6:2001:db8::1", .init(address: "2001:db8::1")),
        ("ADDR=IPv6:2001:DB8:0::1", .init(address: "2001:db8::1")),
        ("ADDR=2001:db8::1", .init(address: "2001:db8::1")),  // Of MTAs before the prefix.
        ("ADDR=uucp!host", .init(address: "uucp!host")),  // "The address may be a non-IP address."
        ("NAME=a+2Bb+3Dc", .init(name: "a+b=c")),
        ("NAME=a=b", .init(name: "a=b")),  // As Postfix writes it.
        ("NAME=f+C3+BCr", .init(name: "f\u{FC}r")),
        ("NAME=a+20b+28c+29+3Cd+40e+3E+22+5C+3B+C2+A0f", .init(name: "a?b?c??d?e?????f")),  // Special in a header.
        ("NAME=a NAME=b", .init(name: "b")),
        ("NAME=\(long)", .init(name: long)),
        ("PROTO=\(long.prefix(64))", .init(proto: String(long.prefix(64)))),
        ("PORT=0", .init(port: "0")),
    ]

    @Test("XFORWARD's argument is read", arguments: read)
    func reads(argument: String, client: ForwardedClient) throws {
        var forwarded = ForwardedClient()
        try forwarded.apply(argument: argument.utf8)
        #expect(forwarded == client)
    }

    static let refused: [(String, Fault)] = [
        ("", .noAttribute), ("  ", .noAttribute),
        ("NAME", .noValue), ("NAME=", .noValue), ("NAME= b", .noValue), ("NAME=a b", .noValue),
        ("LOGIN=a", .unknownAttribute), ("=a", .unknownAttribute), ("NAMES=a", .unknownAttribute),
        ("NAME=\(long)a", .valueTooLong), ("PROTO=\(long.prefix(65))", .valueTooLong),
        ("NAME=a+", .badValue(.name)), ("NAME=+2b", .badValue(.name)), ("NAME=f\u{FC}r", .badValue(.name)),
        ("NAME=+FC", .badValue(.name)),  // No UTF-8
        ("HELO=a+0D+0Ab", .badValue(.helo)), ("HELO=+00", .badValue(.helo)), ("HELO=+7F", .badValue(.helo)),
        ("HELO=+E2+80+AE", .badValue(.helo)),  // U+202E turns the direction of writing.
        ("HELO=+E2+80+A8", .badValue(.helo)),  // U+2028 separates lines.
        ("PORT=65536", .badValue(.port)), ("PORT=025", .badValue(.port)), ("PORT=x", .badValue(.port)),
        ("ADDR=IPV6:192.0.2.1", .badValue(.address)), ("ADDR=IPV6:x", .badValue(.address)),
        ("ADDR=1:2", .badValue(.address)),
        ("SOURCE=here", .badValue(.source)),
    ]

    @Test("XFORWARD's argument is refused, and nothing changes", arguments: refused)
    func refuses(argument: String, fault: Fault) {
        let before = ForwardedClient(name: "a", helo: "b")
        var forwarded = before
        #expect(throws: fault) { try forwarded.apply(argument: argument.utf8) }
        // Behind a good attribute, too.
        if fault != .noAttribute {
            #expect(throws: fault) { try forwarded.apply(argument: ("NAME=c " + argument).utf8) }
        }
        #expect(forwarded == before)
        #expect(!fault.words.isEmpty)
    }

    @Test("Each command changes what it names: values are set, erased and kept")
    func changes() throws {
        var forwarded = ForwardedClient()
        try forwarded.apply(argument: "NAME=a HELO=b".utf8)
        try forwarded.apply(argument: "NAME=[UNAVAILABLE] PORT=1".utf8)
        #expect(forwarded == ForwardedClient(port: "1", helo: "b"))
    }

    @Test("EHLO names each attribute that is read")
    func keywords() {
        let names = ForwardedClient.Attribute.allCases.map(\.rawValue)
        #expect(ForwardedClient.keywords == "XFORWARD " + names.joined(separator: " "))
    }

    @Test("The text reads back as the same client", arguments: read)
    func roundTrip(argument: String, client: ForwardedClient) {
        #expect(client.text.utf8.allSatisfy(ASCII.isPrintable))
        #expect(ForwardedClient(text: client.text) == client)
    }

    @Test("The text is an argument of XFORWARD in its order; what is none is no text")
    func text() {
        let all = ForwardedClient(
            name: "f\u{FC}r", address: "2001:db8::1", port: "25", proto: "ESMTP", helo: "a=b", ident: "i",
            source: "LOCAL")
        #expect(
            all.text == "NAME=f+C3+BCr ADDR=IPV6:2001:db8::1 PORT=25 PROTO=ESMTP HELO=a+3Db IDENT=i SOURCE=LOCAL")
        #expect(ForwardedClient().text.isEmpty)
        #expect(ForwardedClient(text: "NAME") == nil && ForwardedClient(text: "X=1") == nil)
        // Whatever stands in a value, the text stays one line of one attribute.
        #expect(ForwardedClient(name: "a HELO=b\r\n").text == "NAME=a+20HELO+3Db+0D+0A")
        let worst = ForwardedClient(name: String(repeating: "=", count: 255))
        #expect(ForwardedClient(text: worst.text) == worst)
    }
}
