import CZlib

/// How records stand in the file, one behind the other: a head of 24 octets (mark, length, generation, mark, checksum), the payload,
/// and zeros up to a multiple of eight.
///
/// The marks are a random number of this life of the store, which is kept in its database. Payloads are letters of strangers: what
/// looks like a record in one, and stands behind a newer record that has cut an older one, is none without it. It binds
/// the file to its database too.
struct JournalFrame: Sendable {
    /// Octets of a record's head.
    static let headOctets = 24
    /// Those before the checksum, which are under it.
    private static let summedOctets = 20
    /// Records begin at multiples of this, so that one behind a damaged one can be found.
    static let alignment = 8
    /// Generations never get so far.
    static let generationLimit: UInt64 = 1 << 62

    let salt: UInt64

    /// Puts a record with its head behind what is in `bytes`.
    func put(_ generation: UInt64, into bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.put(UInt32(truncatingIfNeeded: salt))
        bytes.put(UInt32(0))
        bytes.put(generation)
        bytes.put(UInt32(truncatingIfNeeded: salt >> 32))
        bytes.put(UInt32(0))
        body(&bytes)
        let length = bytes.count - start - Self.headOctets
        while !bytes.count.isMultiple(of: Self.alignment) { bytes.append(0) }
        bytes.set(UInt32(truncatingIfNeeded: length), at: start + 4)
        bytes.set(Self.checksum(of: length, in: bytes, at: start), at: start + Self.summedOctets)
    }

    /// Of a record with so many octets: its head as far as the checksum, and what it holds.
    private static func checksum(of length: Int, in bytes: [UInt8], at start: Int) -> UInt32 {
        bytes.withUnsafeBufferPointer { octets in
            guard let base = octets.baseAddress else { return 0 }
            let head = crc32_z(crc32(0, nil, 0), base + start, summedOctets)
            return UInt32(truncatingIfNeeded: crc32_z(head, base + start + headOctets, length))
        }
    }

    /// A life of the store that has written here, told by the head of a segment's first record, where no letter of a stranger ever stands.
    struct Life {
        /// The mark of its records.
        let salt: UInt64
        /// The generations that heads name whose records are damaged.
        fileprivate(set) var damaged: [UInt64] = []
    }

    /// Each life that began a segment which still begins with it.
    static func lives(in bytes: [UInt8], segmentBytes: Int) -> [Life] {
        guard segmentBytes >= headOctets else { return [] }
        var lives: [Life] = []
        for place in stride(from: 0, through: bytes.count - headOctets, by: segmentBytes) {
            var head = JournalBytes(bytes[place..<(place + headOctets)])
            guard let low = try? head.number(UInt32.self), (try? head.number(UInt32.self)) != nil,
                let generation = try? head.number(UInt64.self), let high = try? head.number(UInt32.self)
            else { continue }
            let salt = UInt64(high) << 32 | UInt64(low)
            // Zeros are no record.
            guard salt != 0, generation > 0, generation < generationLimit else { continue }
            let known = lives.firstIndex { $0.salt == salt } ?? lives.endIndex
            if known == lives.endIndex { lives.append(Life(salt: salt)) }
            if JournalFrame(salt: salt).record(in: bytes, at: place) == nil { lives[known].damaged.append(generation) }
        }
        return lives
    }

    /// What a file holds that is not in the tables.
    struct Found {
        /// The sound records of each generation, in their order.
        var generations: [UInt64: [ArraySlice<UInt8>]] = [:]
        /// Of generations with sound records.
        private var gapsOf: [UInt64: Int] = [:]
        /// Of all that was ever written here and is still to be seen.
        private(set) var newest: UInt64 = 0

        /// Places before sound records that should hold one and do not: a disk that lost what was synced, or a group that was never
        /// acknowledged.
        var gaps: Int { gapsOf.values.reduce(0, +) }

        func gaps(of generation: UInt64) -> Int { gapsOf[generation] ?? 0 }

        /// What a later life wrote goes behind it.
        mutating func add(_ later: Found) {
            for (number, records) in later.generations where generations[number] == nil {
                generations[number] = records
                gapsOf[number] = later.gapsOf[number]
            }
            noteWritten(later.newest)
        }

        mutating func noteWritten(_ generation: UInt64) { newest = max(newest, generation) }

        fileprivate mutating func noteGap(in generation: UInt64) { gapsOf[generation, default: 0] += 1 }
    }

    /// - Parameter segmentBytes: the first record of a generation stands at a multiple of it.
    func records(in bytes: [UInt8], after generation: UInt64, segmentBytes: Int) -> Found {
        var found = Found()
        // Where the next record of a generation should be.
        var ends: [UInt64: Int] = [:]
        var place = 0
        while place + Self.headOctets <= bytes.count {
            guard let (number, payload) = record(in: bytes, at: place) else {
                place += Self.alignment
                continue
            }
            let octets = Self.headOctets + payload.count + Self.alignment - 1
            let end = place + octets / Self.alignment * Self.alignment
            found.noteWritten(number)
            if number > generation {
                let isNext =
                    ends[number].map { $0 == place } ?? (segmentBytes > 0 && place.isMultiple(of: segmentBytes))
                if !isNext { found.noteGap(in: number) }
                found.generations[number, default: []].append(payload)
                ends[number] = end
            }
            place = end
        }
        return found
    }

    private func record(
        in bytes: [UInt8], at place: Int
    ) -> (generation: UInt64, payload: ArraySlice<UInt8>)? {
        // Most places hold no record, and a file has millions of them.
        guard bytes[place] == UInt8(truncatingIfNeeded: salt) else { return nil }
        var head = JournalBytes(bytes[place..<(place + Self.headOctets)])
        guard (try? head.number(UInt32.self)) == UInt32(truncatingIfNeeded: salt),
            let length = (try? head.number(UInt32.self)).map(Int.init),
            let generation = try? head.number(UInt64.self), generation > 0, generation < Self.generationLimit,
            (try? head.number(UInt32.self)) == UInt32(truncatingIfNeeded: salt >> 32),
            let sum = try? head.number(UInt32.self), length <= JournalBounds.record,
            length <= bytes.count - place - Self.headOctets,
            Self.checksum(of: length, in: bytes, at: place) == sum
        else { return nil }
        return (generation, bytes[(place + Self.headOctets)..<(place + Self.headOctets + length)])
    }
}

extension [UInt8] {
    /// Replaces octets that were put before.
    fileprivate mutating func set(_ value: UInt32, at place: Int) {
        Swift.withUnsafeBytes(of: value.littleEndian) { octets in
            for (offset, octet) in octets.enumerated() { self[place + offset] = octet }
        }
    }
}
