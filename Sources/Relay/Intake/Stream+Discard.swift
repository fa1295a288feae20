import Net

extension Net.Stream {
    /// Reads so many octets and forgets them.
    func discard(_ count: Int, started: Deadline, by gate: IntakeGate) async throws(SocketError) {
        var left = count
        while left > 0 {
            let taken = withBuffer { bytes in
                let taken = min(left, bytes.count)
                return (consumed: taken, taken)
            }
            left -= taken
            if left > 0, taken == 0,
                try await fill(until: gate.dataDeadline(from: started, count: count - left)) == .end
            {
                throw .reset
            }
        }
    }
}
