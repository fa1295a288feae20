import Fuzzing

@testable import Mail

/// A client that logs in, or tries. The first octet says by what and how; each line after it is an answer, in base64 or as it is.
struct LoginWalk {
    private var draw: Draw
    private let isEncoded: Bool
    private let beginsAtOnce: Bool
    private var server: SASLServer
    private var isKnown = false
    private var isRight = false

    init(_ octets: [UInt8]) {
        draw = Draw(octets)
        let kind = draw.octet()
        isEncoded = kind & 0x10 != 0
        beginsAtOnce = kind & 0x08 != 0
        server = SASLServer(
            mechanism: SASLMechanismName.allCases[Int(kind & 3)],
            bindings: kind & 0x04 == 0 ? [:] : [.tlsExporter: [1, 2, 3], .tlsServerEndPoint: [4]],
            offersPlus: kind & 0x20 != 0, serverNonce: [UInt8](repeating: 0, count: SASLServer.nonceLength))
    }

    mutating func run() {
        var event: SASLServer.Event? = .began(initialResponse: nil)
        if beginsAtOnce {
            switch answer(first: true) {
            case .octets(let octets): event = .began(initialResponse: octets)
            case .cancelled, .malformed: event = nil
            }
        }
        // No mechanism has more messages than this.
        for _ in 0..<12 {
            guard let next = event else { return }
            event = check(server.handle(next))
        }
        Target.must(event == nil, "the exchange does not end")
    }

    private mutating func answer(first: Bool) -> SASLLine.Response {
        let line = draw.line()
        guard isEncoded else { return .octets(line) }
        return first ? SASLLine.initialResponse(line) : SASLLine.response(line)
    }

    private mutating func check(_ action: SASLServer.Action) -> SASLServer.Event? {
        switch action {
        case .challenge(let octets):
            let line = SASLLine.challenge(octets)
            Target.must(line.suffix(2) == [0x0D, 0x0A], "a challenge without its end")
            Target.must(!line.dropLast(2).contains { $0 < 0x20 || $0 >= 0x7F }, "a challenge that is no line of text")
            if draw.isEmpty { return .gaveUp(.peerClosed) }
            switch answer(first: false) {
            case .octets(let octets): return .responded(octets)
            case .cancelled: return .gaveUp(.cancelled)
            case .malformed: return .gaveUp(.malformed)
            }
        case .lookUp(let name):
            Target.must(server.claimedName == name, "who is looked up is not who asked")
            isKnown = draw.octet() & 1 == 1
            return .lookedUp(Self.verifier, isKnown: isKnown)
        case .checkPassword:
            isRight = draw.octet() & 1 == 1
            return .passwordChecked(isRight)
        case .checkProof(let proof, _):
            Target.must(proof.proof.count == SCRAMVerifier.keyLength, "a proof of \(proof.proof.count) octets")
            isRight = draw.octet() & 1 == 1
            return .proofChecked(serverSignature: isRight ? [UInt8](repeating: 7, count: 32) : nil)
        case .succeed(let user):
            Target.must(isKnown && isRight, "\(user) is let in without proof")
            Target.must(server.claimedName == user.octets, "\(user) is let in, who did not ask")
            return nil
        case .fail:
            return nil
        }
    }

    private static let verifier = Target.needed(
        SCRAMVerifier(
            iterations: 4096, salt: [UInt8](repeating: 1, count: 16), storedKey: [UInt8](repeating: 2, count: 32),
            serverKey: [UInt8](repeating: 3, count: 32)))
}
