import Glibc

/// What the last life of the program left behind.
extension InFlight {
    /// Reads it from the memory that the file was read into, which is ready for this life then: nobody is under way, no crash is noted, and the counts are those
    /// with this crash.
    ///
    /// A message that the store has no more is no suspect, and loses its count: when the store is opened its number is given out
    /// again, and an innocent message must not inherit crashes. So this comes before anything is queued.
    static func takeOver(_ base: UnsafeMutableRawPointer, isKept: (MessageNumber) -> Bool) -> Crash? {
        let signal = Int32(bitPattern: base.load(fromByteOffset: Layout.note, as: UInt32.self))
        let fallen = signal == 0 ? [] : underWay(base)
        base.storeBytes(of: 0, toByteOffset: Layout.note, as: UInt64.self)
        memset(base + Layout.slots, 0, slots * Layout.slotSize)
        let suspects = fallen.filter(isKept)
        var counts = CrashCounts(reading: base + Layout.counts)
        counts.keep(where: isKept)
        counts.add(suspects)
        counts.write(to: base + Layout.counts)
        guard signal != 0 else { return nil }
        return Crash(
            signal: signal,
            suspects: suspects.sorted().map { Suspect(message: $0, crashes: counts.crashes[$0] ?? 1) })
    }

    /// Who was under way on the thread that fell.
    private static func underWay(_ base: UnsafeMutableRawPointer) -> Set<MessageNumber> {
        let thread = base.load(fromByteOffset: Layout.note + 4, as: UInt32.self)
        var all: Set<MessageNumber> = []
        var ofThread: Set<MessageNumber> = []
        for slot in 0..<slots {
            let place = base + Layout.slots + slot * Layout.slotSize
            let message = MessageNumber(place.load(as: Int64.self))
            guard message.value != 0 else { continue }
            all.insert(message)
            if place.load(fromByteOffset: 8, as: UInt32.self) == thread { ofThread.insert(message) }
        }
        // A thread that delivers nothing may have fallen over anybody.
        return ofThread.isEmpty ? all : ofThread
    }
}
