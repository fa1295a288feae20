import Fuzzing

private enum Chosen {
    static let target = Target.chosen(from: Target.operations + Target.answers)
}

/// What libFuzzer calls, again and again: `make fuzz`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    Chosen.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
