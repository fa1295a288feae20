import Testing

@testable import Mail

@Suite struct ReportTargetTests {
    /// Addresses with what is said of them, and which permission lets them pass.
    enum Pass { case never, withPrivate, withLoopback }

    static let refused: [(String, String, Pass)] = [
        ("127.0.0.1", "a loopback address", .withLoopback), ("127.255.255.255", "a loopback address", .withLoopback),
        ("::1", "a loopback address", .withLoopback),
        ("10.0.0.0", "a private address", .withPrivate), ("10.255.255.255", "a private address", .withPrivate),
        ("172.16.0.0", "a private address", .withPrivate), ("172.31.255.255", "a private address", .withPrivate),
        ("192.168.0.0", "a private address", .withPrivate), ("192.168.255.255", "a private address", .withPrivate),
        ("fc00::", "a private address", .withPrivate),
        ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a private address", .withPrivate),
        ("169.254.0.0", "a link-local address", .never),
        ("169.254.169.254", "a link-local address", .never),  // the keys of machines in data centres
        ("fe80::1", "a link-local address", .never), ("febf::1", "a link-local address", .never),
        ("fec0::1", "a site-local address", .never), ("feff::1", "a site-local address", .never),
        ("100.64.0.0", "an address of a provider's inner network", .never),
        ("100.127.255.255", "an address of a provider's inner network", .never),
        ("192.0.0.8", "an address for protocols", .never), ("192.0.0.170", "an address for protocols", .never),
        ("198.18.0.0", "an address for measurements", .never),
        ("198.19.255.255", "an address for measurements", .never),
        ("2001:2::1", "an address for measurements", .never),
        ("0.0.0.0", "an unspecified address", .never), ("0.1.2.3", "an unspecified address", .never),
        ("::", "an unspecified address", .never),
        ("224.0.0.1", "a multicast address", .never), ("239.255.255.255", "a multicast address", .never),
        ("ff02::1", "a multicast address", .never),
        ("240.0.0.1", "a reserved address", .never), ("255.255.255.255", "a reserved address", .never),
        ("100::1", "an address that discards", .never),
        ("5f00::1", "an address of a network's inner routing", .never),
        ("64:ff9b:1::1", "an address that is translated inside a network", .never),
        // In disguise. What the mapped ones of this machine are is said without it: AddressRecord knows them.
        ("::ffff:127.0.0.1", "a loopback address", .withLoopback),
        ("::ffff:10.0.0.1", "a private address in disguise", .withPrivate),
        ("::ffff:169.254.169.254", "a link-local address in disguise", .never),
        ("::127.0.0.1", "a loopback address in disguise", .withLoopback),  // IPv4-compatible
        ("::10.0.0.1", "a private address in disguise", .withPrivate),
        ("::2", "an unspecified address in disguise", .never),
        ("::ffff:0:10.0.0.1", "a private address in disguise", .withPrivate),  // IPv4-translated
        ("64:ff9b::a00:1", "a private address in disguise", .withPrivate),  // NAT64
        ("64:ff9b::127.0.0.1", "a loopback address in disguise", .withLoopback),
        ("64:ff9b::a9fe:a9fe", "a link-local address in disguise", .never),
        ("2002:a00:1::1", "a private address in disguise", .withPrivate),  // 6to4
        ("2002:a9fe:a9fe::1", "a link-local address in disguise", .never),
        ("2002:7f00:1::", "a loopback address in disguise", .withLoopback),
        ("2001:0:c000:201::f5ff:fffe", "a private address in disguise", .withPrivate),  // Teredo, inverted
        ("2001:db8::5efe:10.0.0.1", "a private address in disguise", .withPrivate),  // ISATAP
        ("2001:db8::200:5efe:169.254.169.254", "a link-local address in disguise", .never),
    ]

    @Test("RPTF-23 a stranger's URI reaches nothing that only we can reach", arguments: refused)
    func refusal(text: String, words: String, pass: Pass) throws {
        let address = try #require(IPAddress(text))
        for (isPrivate, isLoopback) in [(false, false), (true, false), (false, true), (true, true)] {
            let mayPass =
                switch pass {
                case .never: false
                case .withPrivate: isPrivate
                case .withLoopback: isLoopback
                }
            let said = address.refusedForReports(privateAllowed: isPrivate, loopbackAllowed: isLoopback)
            #expect(said == (mayPass ? nil : words), "private \(isPrivate), loopback \(isLoopback)")
        }
    }

    @Test(
        "RPTF-23 everybody else is reached",
        arguments: [
            "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
            "169.253.255.255", "169.255.0.0", "100.63.255.255", "100.128.0.0", "192.0.1.0", "198.17.255.255",
            "198.20.0.0",
            "1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255",
            "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1",  // documentation: nobody is there
            "fbff::1", "fe00::1", "2001:3::1", "100:0:0:1::1", "64:ff9b:2::1", "5eff::1", "5f01::1", "2001:1::1",
            "2620:fe::fe", "::ffff:192.0.2.1", "::192.0.2.1", "64:ff9b::192.0.2.1", "64:ff9b::808:808",
            "2002:c000:201::1",
            "2001:0:a00:1::3fff:fdfe",  // Teredo: its server is no business of ours, 192.0.2.1 is behind it
        ])
    func reached(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.refusedForReports(privateAllowed: false, loopbackAllowed: false) == nil)
    }
}
