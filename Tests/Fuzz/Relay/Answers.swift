import Fuzzing
import Mail

@testable import DNS
@testable import HTTPS

/// What policy hosts, report endpoints and the resolver answer, and names in other scripts.
extension Target {
    static let answers: [Target] = [
        Target("http-head") { octets in
            var draw = Draw(octets)
            let status = 100 + Int(draw.octet()) * 2
            var head = ResponseHead()
            var isOver = false
            while !draw.isEmpty {
                let taken = head.take(draw.line() + [0x0A], status: status)
                must(head.octets <= HTTPSRequest.headerLimit || taken == .tooMuch, "\(head.octets) octets of head")
                must(!isOver || head.hasEnded, "a head that has ended goes on")
                isOver = head.hasEnded
                if taken == .tooMuch { return }
            }
            guard let text = head.retryAfter else { return }
            let seconds = RetryAfter.seconds(text, at: 1_800_000_000)
            must((0...HTTPSResponse.retryAfterLimit).contains(seconds ?? 0), "\(seconds ?? 0) seconds to wait")
        },
        Target("retry-after") { octets in
            let text = String(decoding: octets, as: UTF8.self)
            for now in [0, 1_800_000_000, Int.max, Int.min] {
                let seconds = RetryAfter.seconds(text, at: now)
                must((0...HTTPSResponse.retryAfterLimit).contains(seconds ?? 0), "\(seconds ?? 0) seconds to wait")
            }
        },
        Target("resolver") { octets in
            let whole = payloads(octets, piece: max(1, octets.count))
            must(payloads(octets, piece: 1) == whole, "frames differ by how they come")
            for payload in whole.found {
                if let message = try? WorkerMessage(payload: payload[...]) {
                    let again = payloads(message.frame, piece: Int.max)
                    must(again.found.count == 1 && !again.isBroken, "\(message) is no frame")
                    must(again.found.first.map { try? WorkerMessage(payload: $0[...]) } == message, "\(message)")
                }
                if let message = try? DaemonMessage(payload: payload[...]) {
                    let again = payloads(message.frame, piece: Int.max)
                    must(again.found.first.map { try? DaemonMessage(payload: $0[...]) } == message, "\(message)")
                }
            }
        },
        Target("idna") { octets in
            let text = String(decoding: octets, as: UTF8.self)
            guard let name = try? DomainName(idna: text) else { return }
            must((try? DomainName(idna: name.text)) == name, "\(name) of \(text.debugDescription) is read otherwise")
            must(name.text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, name.text.debugDescription)
        },
    ]

    private struct Payloads: Equatable {
        var found: [[UInt8]] = []
        var isBroken = false
    }

    private static func payloads(_ octets: [UInt8], piece: Int) -> Payloads {
        var reader = FrameReader()
        var payloads = Payloads()
        var rest = octets[...]
        while true {
            do throws(WireError) {
                while let payload = try reader.next() { payloads.found.append(Array(payload)) }
            } catch {
                payloads.isBroken = true
                return payloads
            }
            if rest.isEmpty { return payloads }
            reader.append(rest.prefix(piece))
            rest = rest.dropFirst(piece)
        }
    }
}
