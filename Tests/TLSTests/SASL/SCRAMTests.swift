import Mail
import TLS
import Testing

/// The example of RFC 7677 §3.
enum SCRAMExample {
    static let salt: [UInt8] = [
        0x5B, 0x6D, 0x99, 0x68, 0x9D, 0x12, 0x35, 0x8E, 0xEC, 0xA0, 0x4B, 0x14, 0x12, 0x36, 0xFA, 0x81,
    ]
    static let authMessage =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
        + "i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    /// dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
    static let proof: [UInt8] = [
        0x74, 0x7C, 0xDB, 0x65, 0xAA, 0x56, 0x22, 0x4E, 0x23, 0x52, 0x13, 0x7E, 0x52, 0xD7, 0xBD, 0xCA,
        0xD6, 0xA0, 0xF7, 0x38, 0xDF, 0x30, 0x78, 0x2C, 0xAA, 0x69, 0xA2, 0xCF, 0xB0, 0x27, 0x75, 0x54,
    ]
    /// 6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
    static let signature: [UInt8] = [
        0xEA, 0xBA, 0xE2, 0x4D, 0x10, 0x62, 0xDB, 0x75, 0xA9, 0x45, 0x1F, 0xF0, 0xB6, 0xEA, 0x7E, 0x98,
        0xC8, 0x54, 0x65, 0x49, 0xFF, 0x74, 0x1E, 0x67, 0x2D, 0x32, 0x51, 0xB2, 0x39, 0x7D, 0xE4, 0x6E,
    ]

    static func verifier() throws -> SCRAMVerifier {
        let password = try #require(Password(Array("pencil".utf8)))
        return try SCRAM.verifier(for: password, salt: salt, iterations: 4096)
    }
}

@Suite struct SCRAMTests {
    @Test("RFC 7677 §3: the client's proof is taken, and ours is the one of the example")
    func example() throws {
        let proof = SCRAMProof(authMessage: Array(SCRAMExample.authMessage.utf8), proof: SCRAMExample.proof)
        #expect(try SCRAM.serverSignature(upon: proof, by: SCRAMExample.verifier()) == SCRAMExample.signature)
    }

    @Test("the keys are those that Dovecot and PostgreSQL make of the same password and salt")
    func keys() throws {
        let line =
            "user:{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
            + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        #expect(try UserRecord(parsing: Array(line.utf8)).verifier == SCRAMExample.verifier())
    }

    @Test("each bit of the proof counts", arguments: [0, 7, 128, 255])
    func wrongProof(bit: Int) throws {
        var octets = SCRAMExample.proof
        octets[bit / 8] ^= 1 << UInt8(bit % 8)
        let proof = SCRAMProof(authMessage: Array(SCRAMExample.authMessage.utf8), proof: octets)
        #expect(try SCRAM.serverSignature(upon: proof, by: SCRAMExample.verifier()) == nil)
    }

    @Test("a proof of another exchange, or of another length, is none")
    func otherExchange() throws {
        let verifier = try SCRAMExample.verifier()
        let other = Array(SCRAMExample.authMessage.replacing("r=rOpr", with: "r=rOpq").utf8)
        #expect(
            try SCRAM.serverSignature(upon: SCRAMProof(authMessage: other, proof: SCRAMExample.proof), by: verifier)
                == nil)
        for length in [0, 31, 33] {
            let octets = Array((SCRAMExample.proof + [0]).prefix(length))
            let proof = SCRAMProof(authMessage: Array(SCRAMExample.authMessage.utf8), proof: octets)
            #expect(try SCRAM.serverSignature(upon: proof, by: verifier) == nil)
        }
    }

    @Test("a password matches the verifier made of it and no other")
    func passwords() throws {
        let verifier = try SCRAMExample.verifier()
        for (text, matches) in [
            ("pencil", true), ("Pencil", false), ("pencil ", false), ("p", false), ("péncil", false),
        ] {
            let password = try #require(Password(Array(text.utf8)))
            #expect(try SCRAM.matches(password, verifier) == matches, "\(text)")
        }
    }

    @Test(
        "salt and iterations within their bounds",
        arguments: [
            (8, 4096, true), (7, 4096, false), (64, 4096, true), (65, 4096, false), (16, 4095, false),
            (16, 1_000_001, false), (16, 0, false), (16, -1, false),
        ])
    func bounds(salt: Int, iterations: Int, isGood: Bool) throws {
        let password = try #require(Password(Array("pencil".utf8)))
        let salt = [UInt8](repeating: 1, count: salt)
        if isGood {
            #expect(try SCRAM.verifier(for: password, salt: salt, iterations: iterations).iterations == iterations)
        } else {
            #expect(throws: TLSError.self) { try SCRAM.verifier(for: password, salt: salt, iterations: iterations) }
        }
    }

    @Test("RFC 4231 §4.3: HMAC-SHA-256 with a short key; and with none at all")
    func hmac() throws {
        let code = try SCRAM.hmac(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        #expect(
            code == [
                0x5B, 0xDC, 0xC1, 0x46, 0xBF, 0x60, 0x75, 0x4E, 0x6A, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xC7,
                0x5A, 0x00, 0x3F, 0x08, 0x9D, 0x27, 0x39, 0x83, 0x9D, 0xEC, 0x58, 0xB9, 0x64, 0xEC, 0x38, 0x43,
            ])
        #expect(try SCRAM.hmac([], key: []).prefix(4) == [0xB6, 0x13, 0x67, 0x9A])
    }
}
