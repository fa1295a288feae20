import CZlib

/// A `z_stream` at one place for its whole life, as zlib wants it: its state points back at it.
private struct StreamMemory {
    let pointer: UnsafeMutablePointer<z_stream>

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: z_stream())
    }

    func free() {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }

    /// One call of `body` on `input`, of which zlib takes what it wants, with room for `count` octets more of `output`.
    /// - Returns: zlib's result, and how many octets it took.
    func run(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8], atMost count: Int,
        _ body: (UnsafeMutablePointer<z_stream>, _ isAll: Bool) -> Int32
    ) -> (result: Int32, taken: Int) {
        // zlib counts in 32 bits.
        let offered = input.prefix(Int(Int32.max))
        var result = Z_OK
        var taken = 0
        let made = [UInt8](unsafeUninitializedCapacity: count) { buffer, made in
            offered.withUnsafeBufferPointer { source in
                // zlib only reads: its header lacks the const.
                pointer.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                pointer.pointee.avail_in = UInt32(source.count)
                pointer.pointee.next_out = buffer.baseAddress
                pointer.pointee.avail_out = UInt32(truncatingIfNeeded: count)
                result = body(pointer, offered.count == input.count)
                taken = source.count - Int(pointer.pointee.avail_in)
                made = count - Int(pointer.pointee.avail_out)
            }
        }
        output += made
        return (result, taken)
    }

    /// zlib's own words, else its code.
    func words(for result: Int32) -> String {
        pointer.pointee.msg.map { String(cString: $0) } ?? "code \(result)"
    }
}

/// Owns a stream that packs.
final class DeflateStream {
    private let memory = StreamMemory()

    init() throws(GzipError) {
        guard shim_deflate_init_gzip(memory.pointer, Z_DEFAULT_COMPRESSION) == Z_OK else {
            throw .ours("zlib cannot begin to pack")
        }
    }

    deinit {
        // Where opening failed this says so and does nothing.
        _ = deflateEnd(memory.pointer)
        memory.free()
    }

    func run(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8], atMost count: Int
    ) -> (result: Int32, taken: Int) {
        memory.run(input, into: &output, atMost: count) { deflate($0, $1 ? Z_FINISH : Z_NO_FLUSH) }
    }

    func words(for result: Int32) -> String { memory.words(for: result) }
}

/// Owns a stream that unpacks.
final class InflateStream {
    private let memory = StreamMemory()

    init() throws(GzipError) {
        guard shim_inflate_init_gzip(memory.pointer) == Z_OK else { throw .ours("zlib cannot begin to unpack") }
    }

    deinit {
        // Where opening failed this says so and does nothing.
        _ = inflateEnd(memory.pointer)
        memory.free()
    }

    func run(
        _ input: ArraySlice<UInt8>, into output: inout [UInt8], atMost count: Int
    ) -> (result: Int32, taken: Int) {
        memory.run(input, into: &output, atMost: count) { stream, _ in inflate(stream, Z_NO_FLUSH) }
    }

    /// For the next member.
    func reset() throws(GzipError) {
        guard inflateReset(memory.pointer) == Z_OK else { throw .ours("zlib cannot begin anew") }
    }

    func words(for result: Int32) -> String { memory.words(for: result) }
}
