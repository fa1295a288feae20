import Net

/// What one run of a source is.
struct SourceSettings {
    let address: SocketAddress
    let content: SourceContent
    let envelopes: SourceEnvelopes
    var sessions = 1
    var messages = 1
    var idle = 0
    var rate: Double?
    var isPipeliningWanted = true
    /// A connection for each message.
    var reconnects = false
    var context: OpaquePointer?
    /// Offers the server the session of the connection before.
    var resumes = false
    /// Without a reply for so many nanoseconds the run is over.
    var patience: UInt64 = 60_000_000_000
    /// Numbers of messages begin here; the upper half says the run.
    var firstSequence: UInt64 = 0
}

/// What a source has seen.
struct SourceTally {
    var accepted = 0
    var refused = 0
    /// Envelopes and contents answered by a code that begins with 4, each time.
    var deferred = 0
    /// Contents sent again because the connection ended before their reply.
    var resent = 0
    var connections = 0
    /// Connections that ended while something was under way, or could not be made.
    var lost = 0
    var fullHandshakes = 0
    var resumedHandshakes = 0
    var idleStanding = 0
    var idleLost = 0
    /// From content to reply, in nanoseconds.
    var replies = LatencyHistogram()
    /// The most by which an open loop was late.
    var greatestDelay: UInt64 = 0
    var first: UInt64 = 0
    var last: UInt64 = 0

    var settled: Int { accepted + refused }

    /// One line of JSON.
    var report: String {
        let seconds = last > first && first > 0 ? Double(last - first) / 1e9 : 0
        var line = JSONLine()
        line.add("messages", accepted)
        line.add("refused", refused)
        line.add("deferred", deferred)
        line.add("resent", resent)
        line.add("connections", connections)
        line.add("lost", lost)
        line.add("tls_full", fullHandshakes)
        line.add("tls_resumed", resumedHandshakes)
        line.add("idle", idleStanding)
        line.add("idle_lost", idleLost)
        line.add("seconds", seconds, decimals: 6)
        line.add("rate", seconds > 0 ? Double(accepted) / seconds : 0, decimals: 1)
        line.add("reply", replies)
        line.add("behind_max", Double(greatestDelay) / 1000, decimals: 1)
        line.add("cpu", ProcessorTime.now, decimals: 4)
        line.add("first", first)
        line.add("last", last)
        return line.text
    }
}
