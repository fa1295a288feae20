import Testing

@testable import Mail

private let ours = String(decoding: Base64.encoded([UInt8](0..<18)), as: UTF8.self)
private let nonce = "rOprNGfwEbeRWgbNEkqO"
private let proof64 = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

private func base64(_ text: String) -> String { String(decoding: Base64.encoded(octets(text)), as: UTF8.self) }

/// A server that has sent its first message.
private func challenged(
    _ mechanism: SASLMechanismName = .scramSHA256, first: String = "n,,n=user,r=\(nonce)",
    bindings: [ChannelBindingType: [UInt8]] = [:]
) throws -> SASLServer {
    var server = server(mechanism, bindings: bindings, offersPlus: !bindings.isEmpty)
    #expect(server.handle(.began(initialResponse: octets(first))) == .lookUp(name: octets("user")))
    let challenge = server.handle(.lookedUp(try exampleVerifier(), isKnown: true))
    #expect(challenge == .challenge(octets("r=\(nonce)\(ours),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")))
    return server
}

@Suite struct SCRAMServerTests {
    @Test("RFC 7677 §3 as a dialogue in SMTP: our proof goes as a challenge, with no octets for an answer")
    func dialogue() throws {
        var server = try challenged()
        let withoutProof = "c=biws,r=\(nonce)\(ours)"
        let action = server.handle(.responded(octets("\(withoutProof),p=\(proof64)")))
        guard case .checkProof(let proof, _) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(
            String(decoding: proof.authMessage, as: UTF8.self)
                == "n=user,r=\(nonce),r=\(nonce)\(ours),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\(withoutProof)")
        #expect(Base64.encoded(proof.proof) == octets(proof64))
        #expect(server.handle(.proofChecked(serverSignature: [1, 2, 3])) == .challenge(octets("v=AQID")))
        let user = try #require(UserName("user"))
        var eager = server
        #expect(eager.handle(.responded(octets("x"))) == .fail(.malformed))
        #expect(server.handle(.responded([])) == .succeed(user: user))
    }

    @Test("without an initial response the client is asked for its first message")
    func invited() {
        var server = server(.scramSHA256)
        #expect(server.handle(.began(initialResponse: nil)) == .challenge([]))
        #expect(server.handle(.responded(octets("n,,n=user,r=\(nonce)"))) == .lookUp(name: octets("user")))
    }

    @Test("a wrong proof")
    func wrongProof() throws {
        var server = try challenged()
        _ = server.handle(.responded(octets("c=biws,r=\(nonce)\(ours),p=\(proof64)")))
        #expect(server.handle(.proofChecked(serverSignature: nil)) == .fail(.wrongPassword))
        #expect(server.handle(.responded([])) == .fail(.malformed))
    }

    static let firsts: [(String, Result<String, SASLFault>, StaticString)] = [
        ("n,,n=user,r=abc", .success("user"), "plain"),
        ("y,,n=user,r=abc", .success("user"), "no PLUS was offered"),
        ("n,a=user,n=user,r=abc", .success("user"), "the user's own identity"),
        ("n,a=eve,n=user,r=abc", .failure(.otherIdentity), "another's"),
        ("n,,n=a=2Cb=3Dc,r=abc", .success("a,b=c"), "escapes"),
        ("n,a=a=2Cb,n=a=2Cb,r=abc", .success("a,b"), "escapes in both"),
        ("n,,n=a=2cb,r=abc", .failure(.malformed), "escapes are in upper case"),
        ("n,,n=a=b,r=abc", .failure(.malformed), "a bare equals sign"),
        ("n,,n=a=,r=abc", .failure(.malformed), "one at the end"),
        ("n,,n=user,r=abc,x=1", .success("user"), "an extension that may be ignored"),
        ("n,,n=user,r=abc,x", .failure(.malformed), "no attribute"),
        ("n,,n=user,r=abc,", .failure(.malformed), "an empty one"),
        ("n,,m=1,n=user,r=abc", .failure(.unknownExtension), "one that must be known"),
        ("n,,n=,r=abc", .failure(.malformed), "no name"), ("n,,r=abc,n=user", .failure(.malformed), "their order"),
        ("n,,n=user,r=", .failure(.malformed), "no nonce"), ("n,,n=user,r=a b", .failure(.malformed), "a blank in it"),
        ("n,,n=user,r=a\u{7F}", .failure(.malformed), "a control in it"),
        ("n,,n=user", .failure(.malformed), "cut off"),
        ("n,,", .failure(.malformed), "empty"), ("n,", .failure(.malformed), "shorter"),
        ("", .failure(.malformed), "nothing"),
        ("x,,n=user,r=abc", .failure(.malformed), "no flag"), (",,n=user,r=abc", .failure(.malformed), "none at all"),
        ("N,,n=user,r=abc", .failure(.malformed), "flags are in lower case"),
        ("n,user,n=user,r=abc", .failure(.malformed), "an identity without its letter"),
        ("n,a=,n=user,r=abc", .failure(.malformed), "an empty one"),
        ("p=tls-exporter,,n=user,r=abc", .failure(.channelBinding), "a channel, without PLUS"),
        ("n,,n=us\0er,r=abc", .failure(.malformed), "NUL"),
        ("n,,n=user,r=" + String(repeating: "x", count: 256), .success("user"), "the longest nonce"),
        ("n,,n=user,r=" + String(repeating: "x", count: 257), .failure(.malformed), "a longer one"),
    ]

    @Test("client-first-message (RFC 5802 §7)", arguments: firsts)
    func first(message: String, expected: Result<String, SASLFault>, reason: StaticString) {
        var server = server(.scramSHA256)
        let action: SASLServer.Action =
            switch expected {
            case .success(let name): .lookUp(name: octets(name))
            case .failure(let fault): .fail(fault)
            }
        #expect(server.handle(.began(initialResponse: octets(message))) == action, "\(reason)")
    }

    static let finals: [(String, SASLFault?, StaticString)] = [
        ("c=biws,r=\(nonce)\(ours),p=\(proof64)", nil, "as it should be"),
        ("c=biws,r=\(nonce)\(ours),x=1,p=\(proof64)", nil, "an extension"),
        ("c=biws,r=\(nonce)\(ours),p=\(proof64),x=1", .malformed, "behind the proof nothing may stand"),
        ("c=biws,r=\(nonce)\(ours),x,p=\(proof64)", .malformed, "no attribute"),
        ("c=biws,r=\(nonce)AAAAAAAAAAAAAAAAAAAAAAAA,p=\(proof64)", .nonce, "the nonce of another exchange: a replay"),
        ("c=biws,r=\(nonce),p=\(proof64)", .nonce, "half of it"),
        ("c=biws,r=\(ours),p=\(proof64)", .nonce, "the other half"),
        ("c=eSws,r=\(nonce)\(ours),p=\(proof64)", .channelBinding, "y,, where n,, was sent"),
        ("c=biwsAA==,r=\(nonce)\(ours),p=\(proof64)", .channelBinding, "octets of a channel without PLUS"),
        ("c=,r=\(nonce)\(ours),p=\(proof64)", .channelBinding, "none"),
        ("c=b*ws,r=\(nonce)\(ours),p=\(proof64)", .malformed, "no base64"),
        ("c=biws,r=\(nonce)\(ours),p=AAAA", .malformed, "a short proof"),
        ("c=biws,r=\(nonce)\(ours),p=", .malformed, "none"), ("c=biws,r=\(nonce)\(ours)", .malformed, "cut off"),
        ("c=biws,r=\(nonce)\(ours),p= \(proof64)", .malformed, "a blank"),
        ("r=\(nonce)\(ours),c=biws,p=\(proof64)", .malformed, "their order"), ("", .malformed, "nothing"),
        (",,", .malformed, "commas"), ("c=biws", .malformed, "the first alone"),
    ]

    @Test("client-final-message (RFC 5802 §7)", arguments: finals)
    func final(message: String, fault: SASLFault?, reason: StaticString) throws {
        var server = try challenged()
        let action = server.handle(.responded(octets(message)))
        if let fault {
            #expect(action == .fail(fault), "\(reason)")
        } else if case .checkProof(let proof, _) = action {
            let end = String(decoding: proof.authMessage, as: UTF8.self)
            #expect(end.hasSuffix(message.prefix(upTo: message.firstRange(of: ",p=")?.lowerBound ?? message.endIndex)))
        } else {
            Issue.record("\(reason): \(action)")
        }
    }

    @Test("every beginning of the two messages is taken without harm")
    func cutOff() throws {
        let first = octets("n,a=user,n=user,r=\(nonce)")
        for end in 0...first.count {
            var server = server(.scramSHA256)
            _ = server.handle(.began(initialResponse: Array(first.prefix(end))))
        }
        let final = octets("c=biws,r=\(nonce)\(ours),p=\(proof64)")
        for end in 0..<final.count {
            var server = try challenged()
            guard case .fail = server.handle(.responded(Array(final.prefix(end)))) else {
                Issue.record("\(end) octets are taken")
                continue
            }
        }
    }

    @Test(
        "every octet of the two messages, changed one at a time, is taken without harm, and no changed final is proven")
    func changed() throws {
        let final = octets("c=biws,r=\(nonce)\(ours),p=\(proof64)")
        let proofStart = final.count - proof64.utf8.count
        for place in final.indices {
            for octet in [0, 0x2C, 0x3D, 0x41, 0xFF] as [UInt8] where octet != final[place] {
                var message = final
                message[place] = octet
                var server = try challenged()
                let action = server.handle(.responded(message))
                if place < proofStart {
                    guard case .fail = action else {
                        Issue.record("octet \(place) as \(octet)")
                        continue
                    }
                }
            }
        }
    }
}

@Suite struct ChannelBindingTests {
    private let exporter = [UInt8](repeating: 7, count: 32)
    private let endPoint = [UInt8](repeating: 9, count: 32)
    private var bindings: [ChannelBindingType: [UInt8]] { [.tlsExporter: exporter, .tlsServerEndPoint: endPoint] }

    @Test(
        "RFC 5802 §6: the client's octets must be those of our channel",
        arguments: ["tls-exporter", "tls-server-end-point"])
    func bound(name: String) throws {
        let type = try #require(ChannelBindingType(rawValue: name))
        let mine = try #require(bindings[type])
        for (channel, fault) in [
            (mine, SASLFault?.none), (mine + [0], .channelBinding), (Array(mine.dropLast()), .channelBinding),
            ([], .channelBinding),
            (type == .tlsExporter ? endPoint : exporter, .channelBinding),
        ] {
            let header = "p=\(name),,"
            var server = try challenged(.scramSHA256Plus, first: "\(header)n=user,r=\(nonce)", bindings: bindings)
            let input = String(decoding: Base64.encoded(octets(header) + channel), as: UTF8.self)
            let action = server.handle(.responded(octets("c=\(input),r=\(nonce)\(ours),p=\(proof64)")))
            if let fault {
                #expect(action == .fail(fault))
            } else {
                guard case .checkProof = action else {
                    Issue.record("\(action)")
                    continue
                }
            }
        }
    }

    static let flags: [(SASLMechanismName, String, Bool, SASLFault?, StaticString)] = [
        (.scramSHA256, "n", true, nil, "a client that cannot bind"),
        (.scramSHA256, "y", true, .downgrade, "PLUS was taken from our offer"),
        (.scramSHA256, "y", false, nil, "it was not in our offer"),
        (.scramSHA256, "p=tls-exporter", true, .channelBinding, "a binding belongs to PLUS"),
        (.scramSHA256Plus, "p=tls-exporter", true, nil, "as it should be"),
        (.scramSHA256Plus, "p=tls-unique", true, .channelBinding, "a channel that has no such binding"),
        (.scramSHA256Plus, "p=tls-telepathy", true, .channelBinding, "a type that nobody knows"),
        (.scramSHA256Plus, "p=TLS-EXPORTER", true, .channelBinding, "their case counts"),
        (.scramSHA256Plus, "p=", true, .malformed, "no type"),
        (.scramSHA256Plus, "p=a_b", true, .malformed, "no name of a type"),
        (.scramSHA256Plus, "p", true, .malformed, "the letter alone"),
        (.scramSHA256Plus, "n", true, .channelBinding, "PLUS needs a binding"),
        (.scramSHA256Plus, "y", true, .channelBinding, "PLUS needs one"),
    ]

    @Test("gs2-cbind-flag (RFC 5802 §6)", arguments: flags)
    func flag(mechanism: SASLMechanismName, flag: String, offersPlus: Bool, fault: SASLFault?, reason: StaticString) {
        var server = server(mechanism, bindings: bindings, offersPlus: offersPlus)
        let action = server.handle(.began(initialResponse: octets("\(flag),,n=user,r=\(nonce)")))
        #expect(action == fault.map { .fail($0) } ?? .lookUp(name: octets("user")), "\(reason)")
    }
}
