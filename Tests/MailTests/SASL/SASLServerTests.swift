import Testing

@testable import Mail

/// What an exchange needs of a verifier where nothing is computed: its salt and its rounds.
func exampleVerifier() throws -> SCRAMVerifier {
    // RFC 7677 §3.
    let salt = try #require(Base64.decoded("W22ZaJ0SNY7soEsUEjb6gQ==".utf8))
    let key = [UInt8](repeating: 0, count: 32)
    return try #require(SCRAMVerifier(iterations: 4096, salt: salt, storedKey: key, serverKey: key))
}

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

func server(
    _ mechanism: SASLMechanismName, bindings: [ChannelBindingType: [UInt8]] = [:], offersPlus: Bool = false
) -> SASLServer {
    SASLServer(mechanism: mechanism, bindings: bindings, offersPlus: offersPlus, serverNonce: [UInt8](0..<18))
}

@Suite struct SASLServerTests {
    @Test("SRV-45 PLAIN with its initial response, or without", arguments: [false, true])
    func plain(isInvited: Bool) throws {
        var server = server(.plain)
        let message = octets("\0ada\0secret")
        if isInvited {
            #expect(server.handle(.began(initialResponse: nil)) == .challenge([]))
            #expect(server.handle(.responded(message)) == .lookUp(name: octets("ada")))
        } else {
            #expect(server.handle(.began(initialResponse: message)) == .lookUp(name: octets("ada")))
        }
        let password = try #require(Password(octets("secret")))
        let verifier = try exampleVerifier()
        #expect(server.handle(.lookedUp(verifier, isKnown: true)) == .checkPassword(password, verifier))
        #expect(server.claimedName == octets("ada"))
        let user = try #require(UserName("ada"))
        #expect(server.handle(.passwordChecked(true)) == .succeed(user: user))
        #expect(server.handle(.passwordChecked(true)) == .fail(.malformed))
    }

    static let plainFaults: [(String, SASLFault?, StaticString)] = [
        ("ada\0ada\0secret", nil, "the user's own name as identity"),
        ("eve\0ada\0secret", .otherIdentity, "nobody acts for another"),
        ("", .malformed, "nothing"), ("ada", .malformed, "no NUL"), ("\0ada", .malformed, "one NUL"),
        ("\0ada\0se\0cret", .malformed, "a NUL in the password"), ("\0\0secret", .malformed, "no name"),
        ("\0ada\0", .malformed, "no password"), ("\0ada\0sec\u{1}ret", .wrongPassword, "a control in the password"),
        ("\0ada\0" + String(repeating: "x", count: 1024), nil, "the longest password"),
        ("\0ada\0" + String(repeating: "x", count: 1025), .wrongPassword, "a longer one"),
        ("\0" + String(repeating: "x", count: 300) + "\0secret", nil, "a name that nobody can have is looked up too"),
    ]

    @Test("PLAIN: what is no message of RFC 4616 §2", arguments: plainFaults)
    func plainFault(message: String, fault: SASLFault?, reason: StaticString) {
        var server = server(.plain)
        let action = server.handle(.began(initialResponse: octets(message)))
        if let fault {
            #expect(action == .fail(fault), "\(reason)")
        } else if case .lookUp = action {
        } else {
            Issue.record("\(reason): \(action)")
        }
    }

    @Test("LOGIN asks for name and password; the name may come with the command", arguments: [false, true])
    func login(isInvited: Bool) throws {
        var server = server(.login)
        if isInvited {
            #expect(server.handle(.began(initialResponse: nil)) == .challenge(octets("Username:")))
            #expect(server.handle(.responded(octets("ada"))) == .challenge(octets("Password:")))
        } else {
            #expect(server.handle(.began(initialResponse: octets("ada"))) == .challenge(octets("Password:")))
        }
        #expect(server.handle(.responded(octets("secret"))) == .lookUp(name: octets("ada")))
        let verifier = try exampleVerifier()
        guard case .checkPassword = server.handle(.lookedUp(verifier, isKnown: true)) else {
            Issue.record("no check")
            return
        }
        #expect(server.handle(.passwordChecked(false)) == .fail(.wrongPassword))
    }

    @Test("LOGIN without a name or a password")
    func emptyLogin() {
        var server = server(.login)
        _ = server.handle(.began(initialResponse: nil))
        #expect(server.handle(.responded([])) == .fail(.malformed))
        server = Self.asked()
        #expect(server.handle(.responded([])) == .fail(.malformed))
    }

    private static func asked() -> SASLServer {
        var server = server(.login)
        _ = server.handle(.began(initialResponse: octets("ada")))
        return server
    }

    @Test(
        "a name that nobody has fails even where the check says yes",
        arguments: [SASLMechanismName.plain, .scramSHA256])
    func unknown(mechanism: SASLMechanismName) throws {
        var server = server(mechanism)
        let verifier = try exampleVerifier()
        if mechanism == .plain {
            _ = server.handle(.began(initialResponse: octets("\0eve\0secret")))
            _ = server.handle(.lookedUp(verifier, isKnown: false))
            #expect(server.handle(.passwordChecked(true)) == .fail(.unknownUser))
        } else {
            _ = server.handle(.began(initialResponse: octets("n,,n=eve,r=abc")))
            guard case .challenge = server.handle(.lookedUp(verifier, isKnown: false)) else {
                Issue.record("a name that nobody has is told from others")
                return
            }
            let nonce = "abc" + String(decoding: Base64.encoded([UInt8](0..<18)), as: UTF8.self)
            let proof = String(decoding: Base64.encoded([UInt8](repeating: 0, count: 32)), as: UTF8.self)
            guard case .checkProof = server.handle(.responded(octets("c=biws,r=\(nonce),p=\(proof)"))) else {
                Issue.record("the proof of a name that nobody has is not checked")
                return
            }
            #expect(server.handle(.proofChecked(serverSignature: [1])) == .fail(.unknownUser))
        }
    }

    @Test(
        "whatever is in the way ends the exchange", arguments: [SASLFault.unavailable, .cancelled, .timedOut, .tooLong])
    func givenUp(fault: SASLFault) throws {
        var server = server(.plain)
        #expect(server.handle(.gaveUp(fault)) == .fail(fault))
        server = Self.asked()
        #expect(server.handle(.gaveUp(fault)) == .fail(fault))
        #expect(server.handle(.responded(octets("secret"))) == .fail(.malformed))
    }

    @Test("a report that nobody asked for ends the exchange")
    func unasked() throws {
        let verifier = try exampleVerifier()
        let events: [SASLServer.Event] = [
            .responded([]), .lookedUp(verifier, isKnown: true), .passwordChecked(true),
            .proofChecked(serverSignature: [1]),
        ]
        for mechanism in SASLMechanismName.allCases {
            for event in events {
                var server = server(mechanism)
                #expect(server.handle(event) == .fail(.malformed))
                #expect(server.handle(.began(initialResponse: nil)) == .fail(.malformed))
            }
        }
        var server = Self.asked()
        #expect(server.handle(.passwordChecked(true)) == .fail(.malformed))
    }

    @Test("SRV-45 in clear no mechanism is offered that sends the password, and PLUS with a channel alone")
    func offers() {
        #expect(SASLMechanismName.offered(isSecured: false, bindings: [:]) == [.scramSHA256])
        #expect(SASLMechanismName.offered(isSecured: false, bindings: [.tlsExporter: [1]]) == [.scramSHA256])
        #expect(SASLMechanismName.offered(isSecured: true, bindings: [:]) == [.scramSHA256, .plain, .login])
        #expect(
            SASLMechanismName.offered(isSecured: true, bindings: [.tlsExporter: [1]]) == SASLMechanismName.allCases)
        #expect(SASLMechanismName.allCases.filter(\.sendsPassword) == [.plain, .login])
    }

    @Test(
        "mechanisms by name",
        arguments: [
            ("PLAIN", SASLMechanismName.plain), ("scram-sha-256", .scramSHA256), ("CRAM-MD5", nil), ("", nil),
            ("PLAIN ", nil),
        ])
    func names(text: String, mechanism: SASLMechanismName?) {
        #expect(SASLMechanismName(text) == mechanism)
    }

    static let lines: [(String, SASLLine.Response)] = [
        ("", .octets([])), ("*", .cancelled), ("AGE=", .octets([0, 0x61])), ("AGE", .malformed), ("=", .malformed),
        ("AG E=", .malformed), ("AGE=\r", .malformed), ("**", .malformed), ("AGE=AGE=", .malformed), ("A", .malformed),
        ("AGE\u{0}", .malformed), ("AGEä", .malformed),
    ]

    @Test("SRV-45 a line of the client: base64, nothing, or the asterisk", arguments: lines)
    func line(text: String, response: SASLLine.Response) {
        #expect(SASLLine.response(octets(text)) == response)
        let initial: SASLLine.Response =
            switch text {
            case "=": .octets([])
            case "", "*": .malformed
            default: response
            }
        #expect(SASLLine.initialResponse(octets(text)) == initial)
    }

    @Test func challengeLine() {
        #expect(SASLLine.challenge([]) == octets("334 \r\n"))
        #expect(SASLLine.challenge(octets("Username:")) == octets("334 VXNlcm5hbWU6\r\n"))
    }

    @Test("each fault has its reply, and logs one word")
    func faults() {
        for fault in SASLFault.allCases {
            #expect(fault.rawValue.utf8.allSatisfy { ASCII.isLetter($0) || $0 == UInt8(ascii: "-") })
        }
        #expect(SASLFault.unknownUser.failure == SASLFault.wrongPassword.failure)
        #expect(SASLFault.malformed.failure == .malformed)
    }
}
