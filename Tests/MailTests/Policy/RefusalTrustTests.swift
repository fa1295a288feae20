import Testing

@testable import Mail

@Suite("Whether a refusal is believed")
struct RefusalTrustTests {
    static func requirement(_ level: TLSRequirement.Level) -> TLSRequirement {
        TLSRequirement(level: level, by: nil, dane: nil, serverName: nil, reason: Explanation("test"))
    }

    struct Case: CustomTestStringConvertible {
        let level: TLSRequirement.Level
        let code: UInt16
        let cause: Reason.Cause
        let isSecured: Bool
        let ends: Bool
        let why: String
        var testDescription: String { why }
    }

    static let cases = [
        Case(
            level: .authenticated, code: 554, cause: .startTLSMissing, isSecured: false, ends: false,
            why: "554 to STARTTLS under DANE: anybody's word"),
        Case(
            level: .authenticated, code: 554, cause: .remoteReply, isSecured: false, ends: false,
            why: "554 greeting in the clear under DANE"),
        Case(
            level: .encrypted, code: 554, cause: .remoteReply, isSecured: false, ends: false,
            why: "the same where any TLS is demanded"),
        Case(
            level: .authenticated, code: 550, cause: .remoteReply, isSecured: true, ends: true,
            why: "inside the TLS that was demanded it counts"),
        Case(
            level: .authenticated, code: 550, cause: .daneMismatch, isSecured: true, ends: false,
            why: "a TLS policy failure never ends a message"),
        Case(
            level: .authenticated, code: 535, cause: .authFailed, isSecured: true, ends: false,
            why: "CLI-27 a wrong password is no verdict about the message"),
        Case(
            level: .opportunistic, code: 554, cause: .remoteReply, isSecured: false, ends: true,
            why: "where nothing is demanded the clear word counts"),
        Case(
            level: .opportunistic, code: 451, cause: .remoteReply, isSecured: false, ends: false,
            why: "4yz is for later"),
    ]

    @Test("DANE-18 no line in the clear bounces what must go over TLS", arguments: cases)
    func believed(_ aCase: Case) {
        let ends = Self.requirement(aCase.level).believes(
            Reply(aCase.code, nil, "x"), about: Reason(aCase.cause, "x"), isSecured: aCase.isSecured)
        #expect(ends == aCase.ends)
    }
}
