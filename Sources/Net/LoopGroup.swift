import Glibc
import Synchronization

/// Some loops, all started: by default one per core.
public final class LoopGroup: Sendable {
    /// The loops, named with their number behind.
    public let loops: [Loop]
    private let first: Loop
    private let turn = Atomic<UInt>(0)

    /// Makes and starts the loops: `count`, at least 1, or as many as there are cores.
    public init(name: String, count: Int? = nil) throws(Errno) {
        let count = max(1, count ?? Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))
        let first = try Loop(name: "\(name)-0")
        var loops = [first]
        do throws(Errno) {
            try first.start()
            for index in 1..<max(1, count) {
                let loop = try Loop(name: "\(name)-\(index)")
                loops.append(loop)
                try loop.start()
            }
        } catch {
            loops.forEach { $0.shutdown() }
            throw error
        }
        self.first = first
        self.loops = loops
    }

    /// The loops in turn.
    public func next() -> Loop {
        let index = turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(loops.count)
        return index == 0 ? first : loops[Int(index)]
    }

    /// Shuts the loops down, one after the other. Blocks; not for a task on one of them.
    public func shutdown() {
        loops.forEach { $0.shutdown() }
    }
}
