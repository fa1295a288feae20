import ArgumentParser
import Glibc
import Mail
import Net
import Relay

/// How fast the relay decides what a host must show, by the way a delivery takes, from warm caches on one thread.
struct DecisionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions",
        abstract: "Decisions a second for DANE with MTA-STS (mode enforce), from warm caches, on one thread.")

    @Option(help: "Domains mail goes to in turn.")
    var domains = 1000
    @Option(help: "Tasks that decide at the same time, on the one thread.")
    var tasks = 16
    @Option(help: "Seconds for each number of rules.")
    var seconds = 5
    @Option(help: "Numbers of [[rule]] tables, separated by commas.")
    var rules = "0,10,1000"

    func validate() throws {
        guard domains > 0, domains <= 10_000, tasks > 0, seconds > 0 else {
            throw ValidationError("Domains (at most 10000), tasks and seconds are positive numbers.")
        }
    }

    func run() async throws {
        var loads = [0.0, 0, 0]
        getloadavg(&loads, 3)
        print(
            "load \(ProcessorTime.text(loads[0])), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors, \(domains) domains,",
            "\(tasks) tasks, 1 thread")
        let loop = try Loop(name: "bench")
        try loop.start()
        defer { loop.shutdown() }
        for count in rules.split(separator: ",").compactMap({ Int($0) }) {
            let world = try World(domains: domains, rules: count)
            let result = await measure(world, on: loop)
            print(
                "rules \(count): \(Int(result.perSecond)) decisions/s,",
                "\(ProcessorTime.text(result.microseconds)) us of processor each,",
                "lookups before \(result.lookupsBefore), while measuring \(result.lookups)")
            guard result.lookups == 0, result.areRight else {
                throw ValidationError("The caches were not warm, or a decision is not that of DANE with MTA-STS.")
            }
        }
    }

    private struct Result {
        var perSecond: Double
        var microseconds: Double
        var lookupsBefore: Int
        var lookups: Int
        var areRight: Bool
    }

    private func measure(_ world: World, on loop: Loop) async -> Result {
        let finder = world.finder
        let hops = world.hops
        // Each domain once: looks up, fetches, and checks what is decided.
        let areRight = await loop.task {
            var areRight = true
            for hop in hops {
                let decision = await finder.decision(for: hop, demand: .ordinary)
                areRight = areRight && World.isRight(decision)
            }
            return areRight
        }.value
        let before = world.lookups
        let start = Deadline.now
        let end = start.advanced(by: .seconds(seconds))
        let processor = ProcessorTime.now
        let running = (0..<tasks).map { task in
            loop.task {
                var count = 0
                var place = task &* 7919 % hops.count
                while !end.hasPassed {
                    for _ in 0..<100 {
                        let decision = await finder.decision(for: hops[place], demand: .ordinary)
                        count &+= decision.hosts.isEmpty ? 0 : 1
                        place = (place &+ 1) % hops.count
                    }
                }
                return count
            }
        }
        var count = 0
        for task in running { count += await task.value }
        let used = ProcessorTime.now - processor
        let time = Double(Deadline.now.nanoseconds - start.nanoseconds) / 1e9
        return Result(
            perSecond: Double(count) / time, microseconds: used / Double(max(1, count)) * 1e6, lookupsBefore: before,
            lookups: world.lookups - before, areRight: areRight)
    }
}
