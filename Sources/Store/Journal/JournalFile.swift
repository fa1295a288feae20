import CZlib
import Glibc

/// The file of the journal: a few segments of fixed size, written over again and again.
///
/// It is allocated and written once when it is made: a record then changes neither size nor place of anything, and a sync
/// is one write of the disk and no commit of the file system. Which records count is told by the generation each of them
/// carries: a segment holds those of one generation from its start, and behind them what is left of older ones.
final class JournalFile: @unchecked Sendable {
    // @unchecked Sendable because after it is opened only the journal's thread touches it.

    static let name = "journal"
    /// "WXJ1"
    private static let magic: UInt32 = 0x314A_5857
    /// Octets of a record's head: magic, length, generation, checksum, and four that are 0.
    static let headOctets = 24
    /// Those before the checksum, which are under it.
    private static let summedOctets = 16
    /// Records begin at multiples of this, so that one behind a damaged one can be found.
    static let alignment = 8

    /// Segments of every journal: their size is that of the file divided by it.
    static let segments = 4

    /// Octets of a segment.
    private(set) var segmentBytes: Int
    private let descriptor: CInt

    /// Opens the file in `directory`; nil where there is none.
    init?(openedIn directory: CInt) throws(Errno) {
        do throws(Errno) {
            descriptor = try call { openat(directory, Self.name, O_RDWR | O_NOFOLLOW | O_CLOEXEC) }
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        segmentBytes = 0
        var status = stat()
        // The descriptor is ours now: `deinit` closes it.
        if fstat(descriptor, &status) != 0 { throw Errno.last }
        segmentBytes = Int(status.st_size) / Self.segments
    }

    /// Makes an empty one, which ``prepare(segmentBytes:in:)`` gives its size.
    init(madeIn directory: CInt) throws(Errno) {
        descriptor = try call {
            openat(directory, Self.name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        segmentBytes = 0
    }

    /// Gives the file its size and makes it ready to be written. What it holds must be in the tables. Blocks.
    func prepare(segmentBytes: Int, in directory: CInt) throws(Errno) {
        if self.segmentBytes != segmentBytes {
            self.segmentBytes = segmentBytes
            try fill()
        }
        if fsync(descriptor) != 0 || fsync(directory) != 0 { throw Errno.last }
    }

    deinit {
        _ = close(descriptor)
    }

    /// Writes the whole of it anew, after a failure. Blocks.
    func renew() throws(Errno) {
        try fill()
        if fsync(descriptor) != 0 { throw Errno.last }
    }

    /// Zeros for the whole of it. Not posix_fallocate: the first write into what that gives changes the file's extents.
    private func fill() throws(Errno) {
        _ = try call { ftruncate(descriptor, 0) }
        let zeros = [UInt8](repeating: 0, count: 1024 * 1024)
        var offset = 0
        while offset < Self.segments * segmentBytes {
            let part = zeros.prefix(Self.segments * segmentBytes - offset)
            try write(Array(part), at: offset)
            offset += part.count
        }
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { octets in
                pwrite(descriptor, octets.baseAddress.map { $0 + done }, octets.count - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 {
                throw Errno(code: ENOSPC)
            } else if errno != EINTR {
                throw Errno.last
            }
        }
    }

    /// Writes `bytes` into a segment and syncs. After an error nothing is known of what lies there.
    func append(_ bytes: [UInt8], to segment: Int, at offset: Int) throws(Errno) {
        try write(bytes, at: segment * segmentBytes + offset)
        while fdatasync(descriptor) != 0 {
            if errno != EINTR { throw Errno.last }
        }
    }

    /// Puts a record with its head behind what is in `bytes`.
    static func frame(_ generation: UInt64, into bytes: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.put(magic)
        bytes.put(UInt32(0))
        bytes.put(generation)
        bytes.put(UInt64(0))
        body(&bytes)
        let length = bytes.count - start - headOctets
        while !bytes.count.isMultiple(of: alignment) { bytes.append(0) }
        bytes.set(UInt32(truncatingIfNeeded: length), at: start + 4)
        bytes.set(checksum(of: length, in: bytes, at: start), at: start + summedOctets)
    }

    /// Of a record with so many octets: its head as far as the checksum, and what it holds.
    private static func checksum(of length: Int, in bytes: [UInt8], at start: Int) -> UInt32 {
        bytes.withUnsafeBufferPointer { octets in
            guard let base = octets.baseAddress else { return 0 }
            let head = crc32_z(crc32(0, nil, 0), base + start, summedOctets)
            return UInt32(truncatingIfNeeded: crc32_z(head, base + start + headOctets, length))
        }
    }

    /// What a file holds that is not in the tables.
    struct Found {
        /// The sound records of each generation, in their order.
        var generations: [UInt64: [ArraySlice<UInt8>]] = [:]
        /// Places before sound records that should hold one and do not: a disk that lost what was synced, or a group that was never
        /// acknowledged.
        var gaps = 0
        /// Of all that was ever written here and is still to be seen.
        var newest: UInt64 = 0
    }

    /// The sound records of generations behind `generation`. Blocks.
    func read(after generation: UInt64) throws(Errno) -> Found {
        var bytes = [UInt8](repeating: 0, count: Self.segments * segmentBytes)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { octets in
                pread(descriptor, octets.baseAddress.map { $0 + filled }, octets.count - filled, off_t(filled))
            }
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw Errno.last
            }
        }
        return Self.records(in: bytes, after: generation, segmentBytes: segmentBytes)
    }

    /// - Parameter segmentBytes: the first record of a generation stands at a multiple of it.
    static func records(in bytes: [UInt8], after generation: UInt64, segmentBytes: Int) -> Found {
        var found = Found()
        // Where the next record of a generation should be.
        var ends: [UInt64: Int] = [:]
        var place = 0
        while place + headOctets <= bytes.count {
            guard let (number, payload) = record(in: bytes, at: place) else {
                place += alignment
                continue
            }
            let end = place + (headOctets + payload.count + alignment - 1) / alignment * alignment
            found.newest = max(found.newest, number)
            if number > generation {
                let isNext =
                    ends[number].map { $0 == place } ?? (segmentBytes > 0 && place.isMultiple(of: segmentBytes))
                if !isNext { found.gaps += 1 }
                found.generations[number, default: []].append(payload)
                ends[number] = end
            }
            place = end
        }
        return found
    }

    private static func record(
        in bytes: [UInt8], at place: Int
    ) -> (generation: UInt64, payload: ArraySlice<UInt8>)? {
        // "W": most places hold no record, and a segment has a million of them.
        guard bytes[place] == UInt8(truncatingIfNeeded: magic) else { return nil }
        var head = JournalBytes(bytes[place..<(place + headOctets)])
        guard (try? head.number(UInt32.self)) == magic, let length = try? head.number(UInt32.self),
            let generation = try? head.number(UInt64.self), let sum = try? head.number(UInt32.self), generation > 0,
            Int(length) <= bytes.count - place - headOctets
        else { return nil }
        let payload = bytes[(place + headOctets)..<(place + headOctets + Int(length))]
        return checksum(of: Int(length), in: bytes, at: place) == sum ? (generation, payload) : nil
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
