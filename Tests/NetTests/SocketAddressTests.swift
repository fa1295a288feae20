import Net
import Testing

struct SocketAddressTests {
    @Test(
        "text to address and back",
        arguments: [
            ("127.0.0.1:2525", "127.0.0.1", 2525, [127, 0, 0, 1]),
            ("0.0.0.0:0", "0.0.0.0", 0, [0, 0, 0, 0]),
            ("255.255.255.255:65535", "255.255.255.255", 65535, [255, 255, 255, 255]),
            ("[::1]:2525", "::1", 2525, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("[2001:db8::25]:25", "2001:db8::25", 25, [32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 37]),
            ("[fe80::1%2]:25", "fe80::1%2", 25, [254, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("unix:/run/waxwing/control.sock", "/run/waxwing/control.sock", nil, []),
        ] as [(String, String, UInt16?, [UInt8])])
    func good(_ text: String, _ host: String, _ port: UInt16?, _ octets: [UInt8]) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.octets == octets)
        if let port, !text.contains("%") { #expect(SocketAddress(octets: octets, port: port) == address) }
    }

    @Test(
        "texts that are no address",
        arguments: [
            "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",  // port missing or too large
            "127.0.0.1:+25", "127.0.0.1:-1", "127.0.0.1: 25", "127.0.0.1:25x",  // not digits
            "127.1:25", "127.0.0.256:25", "0127.0.0.1:25", "localhost:25",  // not four numbers
            "::1:25", "[::1]", "[::1:25", "::1]:25", "[127.0.0.1]:25", "[]:25", "[::1%]:25x",  // brackets
            "[fe80::1%eth0]:25", "[fe80::1%4294967296]:25",  // the zone is a number of 32 bits
            "unix:", "unix:/a\0b", "unix:/" + String(repeating: "x", count: SocketAddress.pathLimit),
        ])
    func bad(_ text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test("octets of another length are none", arguments: [0, 3, 5, 15, 17])
    func lengths(_ count: Int) {
        #expect(SocketAddress(octets: [UInt8](repeating: 1, count: count), port: 25) == nil)
    }

    @Test("the longest path works, one octet more is refused by text and by system call")
    func pathLimit() async throws {
        try await onLoop { loop in
            let base = temporaryPath()
            let path = base + String(repeating: "x", count: SocketAddress.pathLimit - base.utf8.count)
            #expect(SocketAddress("unix:" + path) != nil && SocketAddress("unix:" + path + "x") == nil)
            let listener = try Listener(on: loop, address: .unix(path: path))
            #expect(listener.address == .unix(path: path))
            listener.close()
            #expect(
                await failure { _ = try Listener(on: loop, address: .unix(path: path + "x")) } == "\(Errno.nameTooLong)"
            )
        }
    }

    @Test("error numbers say name and text")
    func errnoText() {
        #expect(Errno.connectionRefused.description == "ECONNREFUSED (Connection refused)")
        #expect(Errno(rawValue: 9_999).description == "E9999")
        #expect(throws: Errno.badDescriptor) { try Errno.check { fakeCall(-1) } }
        #expect((try? Errno.check { Int32(3) }) == 3)
    }

    /// Fails as close(-1) does.
    private func fakeCall(_ number: Int32) -> Int32 { closeNumber(number) }
}
