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

    let segmentBytes: Int
    let segments: Int
    private let descriptor: CInt

    /// Opens the file in `directory`, or makes it. Blocks.
    init(in directory: CInt, segments: Int, segmentBytes: Int) throws(Errno) {
        self.segments = segments
        self.segmentBytes = segmentBytes
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        descriptor = try call { openat(directory, Self.name, flags, 0o600) }
        do throws(Errno) {
            var status = stat()
            _ = try call { fstat(descriptor, &status) }
            if status.st_size != off_t(segments * segmentBytes) { try fill() }
            if fsync(descriptor) != 0 || fsync(directory) != 0 { throw Errno.last }
        } catch {
            _ = close(descriptor)
            throw error
        }
    }

    deinit {
        _ = close(descriptor)
    }

    static func exists(in directory: CInt) -> Bool { faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }

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
        while offset < segments * segmentBytes {
            let part = zeros.prefix(segments * segmentBytes - offset)
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

    /// What a segment holds.
    struct Found {
        var generation: UInt64
        var records: [ArraySlice<UInt8>]
        /// Places between sound records that hold none: a disk that lost what was synced, or a group that was never acknowledged.
        var gaps: Int
    }

    /// The sound records of the newest generation in a segment; nil where it holds none.
    func read(_ segment: Int) throws(Errno) -> Found? {
        var bytes = [UInt8](repeating: 0, count: segmentBytes)
        var filled = 0
        while filled < segmentBytes {
            let count = bytes.withUnsafeMutableBytes { octets in
                pread(
                    descriptor, octets.baseAddress.map { $0 + filled }, segmentBytes - filled,
                    off_t(segment * segmentBytes + filled))
            }
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw Errno.last
            }
        }
        return Self.records(in: bytes)
    }

    static func records(in bytes: [UInt8]) -> Found? {
        var found: Found?
        var place = 0
        var isGap = false
        while place + headOctets <= bytes.count {
            guard let (generation, payload) = record(in: bytes, at: place),
                generation >= found?.generation ?? generation
            else {
                isGap = true
                place += alignment
                continue
            }
            if generation > found?.generation ?? 0 {
                // The first was damaged and an older one stood behind it, or this is the first.
                found = Found(generation: generation, records: [], gaps: 0)
                isGap = place > 0
            }
            if isGap { found?.gaps += 1 }
            isGap = false
            found?.records.append(payload)
            place += (headOctets + payload.count + alignment - 1) / alignment * alignment
        }
        return found
    }

    private static func record(in bytes: [UInt8], at place: Int) -> (generation: UInt64, payload: ArraySlice<UInt8>)? {
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
