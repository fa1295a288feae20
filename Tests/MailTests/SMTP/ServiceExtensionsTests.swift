import Testing

@testable import Mail

struct ServiceExtensionsTests {
    @Test("CLI-04 Keywords of an EHLO reply, in any case")
    func keywords() {
        let extensions = ServiceExtensions(
            reply: Reply(
                250,
                lines: [
                    "PIPELINING", "Pipelining", "SIZE 1000", "8bitmime ", "STARTTLS", "SMTPUTF8", "DSN", "CHUNKING",
                    "ENHANCEDSTATUSCODES", "REQUIRETLS", "X-UNKNOWN", "", "LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1",
                ]))
        #expect(extensions.pipelining && extensions.eightBitMIME && extensions.startTLS && extensions.smtpUTF8)
        #expect(extensions.dsn && extensions.chunking && extensions.enhancedStatusCodes && extensions.requireTLS)
        #expect(extensions.size == .limit(1000))
        #expect(extensions.recipientLimit == 20)
        #expect(extensions.transactionLimit == 5)
        #expect(extensions.recipientDomainLimit == 1)
    }

    @Test("The first line is a name, whatever it says")
    func firstLine() {
        #expect(ServiceExtensions(reply: Reply(250, lines: ["STARTTLS"])) == ServiceExtensions())
    }

    @Test(
        "CLI-18 SIZE without a number, or with none that limits",
        arguments: [
            ("SIZE", .unlimited), ("SIZE 0", .unlimited), ("SIZE x", .unlimited), ("SIZE -1", .unlimited),
            ("SIZE 99999999999999999999", .unlimited), ("SIZE 1", .limit(1)),
        ] as [(String, ServiceExtensions.Size)])
    func size(line: String, size: ServiceExtensions.Size) {
        #expect(ServiceExtensions(reply: Reply(250, lines: ["a", line])).size == size)
    }

    @Test(
        "CLI-20 Limits that cannot be read are ignored (RFC 9422 §4)",
        arguments: [
            ("LIMITS RCPTMAX=999999", 999_999), ("LIMITS RCPTMAX=1000000", nil), ("LIMITS RCPTMAX=0", nil),
            ("LIMITS RCPTMAX=01", nil), ("LIMITS RCPTMAX=", nil), ("LIMITS RCPTMAX", nil), ("LIMITS RCPTMAX=-1", nil),
            ("LIMITS X=1 rcptmax=2", 2), ("LIMITS", nil),
        ] as [(String, Int?)])
    func limits(line: String, limit: Int?) {
        #expect(ServiceExtensions(reply: Reply(250, lines: ["a", line])).recipientLimit == limit)
    }
}
