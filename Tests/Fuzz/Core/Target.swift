import Glibc

/// What libFuzzer calls, again and again: `make fuzz`. Which reader it feeds says `$FUZZ`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    Target.chosen.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// A reader of what strangers send, and what must hold of it for any octets; that it must not trap goes without saying.
struct Target: Sendable {
    let name: String
    let run: @Sendable ([UInt8]) -> Void

    static let chosen: Target = {
        let name = getenv("FUZZ").map { String(cString: $0) } ?? ""
        guard let found = (all + sessions).first(where: { $0.name == name }) else {
            print("FUZZ must be one of: \((all + sessions).map(\.name).joined(separator: " "))")
            exit(64)
        }
        return found
    }()

    /// What a target is made of: without it there is nothing to run.
    static func needed<Part>(_ part: Part?) -> Part {
        guard let part else {
            print("this target cannot be made")
            exit(70)
        }
        return part
    }

    /// Ends the run as a find.
    static func must(_ holds: Bool, _ what: @autoclosure () -> String) {
        if holds { return }
        print("FOUND: \(what())")
        abort()
    }
}
