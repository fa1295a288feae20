import Net

/// How long a client has been waited for within one message's content. Only waiting counts, not what the disk takes, nor pauses
/// between chunks (RFC 3030), which have a limit of their own.
struct ContentWait {
    private var waited = Duration.zero
    private var window = 0

    /// Receives more into the stream's buffer. Throws `.expired` where one pause, or all of them for the `count` octets that came so
    /// far, take too long: less is allowed as soon as there is stress.
    mutating func fill(from stream: Net.Stream, after count: Int, by gate: IntakeGate) async throws(SocketError) -> Fill
    {
        let began = Deadline.now
        if count / IntakeGate.dataWindow != window {
            window = count / IntakeGate.dataWindow
            waited = .zero
        }
        defer { waited += .nanoseconds(Int64(clamping: Deadline.now.nanoseconds &- began.nanoseconds)) }
        while true {
            let deadline = began.advanced(by: min(gate.dataTimeout, gate.dataAllowance(count) - waited))
            do throws(SocketError) {
                return try await stream.fill(until: min(deadline, .after(gate.patience)))
            } catch {
                guard case .expired = error, !deadline.hasPassed else { throw error }
            }
        }
    }
}

extension Net.Stream {
    /// Reads so many octets and forgets them.
    func discard(_ count: Int, by gate: IntakeGate) async throws(SocketError) {
        var wait = ContentWait()
        var left = count
        while left > 0 {
            let taken = withBuffer { bytes in
                let taken = min(left, bytes.count)
                return (consumed: taken, taken)
            }
            left -= taken
            if left > 0, taken == 0, try await wait.fill(from: self, after: count - left, by: gate) == .end {
                throw .reset
            }
        }
    }
}
