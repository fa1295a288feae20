import Glibc
import Testing

@testable import Relay

/// Connections must leave the store and the resolver their descriptors.
@Suite("Descriptors") struct DescriptorTests {
    static func configuration(intake: Int, delivery: Int) -> Configuration {
        var configuration = Configuration()
        configuration.intake.connectionLimit = intake
        configuration.delivery.connectionLimit = delivery
        return configuration
    }

    @Test("what fits stays as it is, and one less does not fit")
    func fits() {
        let asked = Self.configuration(intake: 1000, delivery: 500)
        let needed = Descriptors.needed(asked)
        #expect(needed == 256 + 1500 * 2 + 64 * 2)
        #expect(Descriptors(limit: needed).fitting(asked) == asked)
        let lowered = Descriptors(limit: needed - 1).fitting(asked)
        #expect(lowered.intake.connectionLimit == 999 && lowered.delivery.connectionLimit == 499)
        #expect(
            Descriptors(limit: .max).fitting(Self.configuration(intake: 50_000, delivery: 50_000)).intake
                .connectionLimit == 50_000)
    }

    @Test("what does not fit is lowered on both ways alike, and fits then", arguments: [512, 1024, 4096, 65_536])
    func lowered(_ limit: Int) {
        let fitting = Descriptors(limit: limit).fitting(Self.configuration(intake: 50_000, delivery: 25_000))
        #expect(Descriptors.needed(fitting) <= limit)
        let ratio = Double(fitting.intake.connectionLimit) / Double(fitting.delivery.connectionLimit)
        #expect((1.9...2.1).contains(ratio), "\(ratio)")
    }

    @Test("both ways go on however small the limit is", arguments: [0, 64, 256, 384])
    func least(_ limit: Int) {
        let fitting = Descriptors(limit: limit).fitting(Self.configuration(intake: 1000, delivery: 1000))
        #expect(fitting.intake.connectionLimit == 4 && fitting.delivery.connectionLimit == 4)
    }

    // In processes of their own: the limits hold for a whole process.
    @Test("the soft limit of the process is raised to the hard one")
    func raised() async {
        await #expect(processExitsWith: .success) {
            var bound = rlimit(rlim_cur: 100, rlim_max: 300)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound) == 0)
            #expect(Descriptors.raised().limit == 300)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound)
            #expect(bound.rlim_cur == 300)
        }
    }

    @Test("a service that may open too little starts with fewer connections, and says so")
    func told() async throws {
        await #expect(processExitsWith: .success) {
            var bound = rlimit(rlim_cur: 1024, rlim_max: 1024)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound) == 0)
            let world = try ServiceWorld()
            let service = Service(try await world.parts("silent"))
            #expect(world.log.events.filter { $0 == "descriptors-short" }.count == 1)
            #expect(service.configuration.intake.connectionLimit == 160)
            await world.end(service)
        }
    }
}
