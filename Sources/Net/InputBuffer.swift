import Glibc

/// Bytes received and not yet taken, in one block that grows on demand and is given back when empty, so that an idle
/// connection costs none.
struct InputBuffer: ~Copyable {
    /// Octets of a fresh block: the most one TLS record brings (RFC 8446 §5.1).
    static let blockSize = 16_384

    private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var start = 0
    private var end = 0
    /// Bytes from `start` that are known to hold no LF.
    private var scanned = 0

    deinit {
        block.deallocate()
    }

    var count: Int { end - start }
    /// Octets of the block.
    var capacity: Int { block.count }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: block[start..<end])
    }

    /// Room behind the bytes, at least `minimum` and never none. What `produced(_:)` then counts as received.
    mutating func room(atLeast minimum: Int) -> UnsafeMutableRawBufferPointer {
        let needed = max(1, minimum)
        if block.count - end < needed {
            if block.count - count >= needed {
                // Room in front is worth a move only when there is none behind.
                block.copyMemory(from: bytes)
            } else {
                var size = Self.blockSize
                while size - count < needed {
                    size *= 2
                }
                let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
                larger.copyMemory(from: bytes)
                block.deallocate()
                block = larger
            }
            end = count
            start = 0
        }
        return UnsafeMutableRawBufferPointer(rebasing: block[end...])
    }

    mutating func produced(_ count: Int) {
        end += min(max(0, count), block.count - end)
    }

    mutating func consume(_ count: Int) {
        let count = min(max(0, count), self.count)
        start += count
        scanned = max(0, scanned - count)
        if start == end {
            start = 0
            end = 0
        }
    }

    mutating func take(_ limit: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(max(0, limit)))
        consume(taken.count)
        return taken
    }

    /// Gives the block back if nothing is in it.
    mutating func releaseIfEmpty() {
        guard start == end, !block.isEmpty else { return }
        block.deallocate()
        block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// The place of the first LF, looking at each byte once however often it is asked.
    mutating func lineFeed() -> Int? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[scanned...])
        if let base = rest.baseAddress, let found = memchr(base, 0x0A, rest.count) {
            let place = scanned + (UnsafeRawPointer(found) - base)
            scanned = place
            return place
        }
        scanned = count
        return nil
    }
}
