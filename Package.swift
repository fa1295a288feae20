// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is held to the same rules: no warning survives, existentials say `any`, a file imports what it
/// uses, and an import stays inside its module unless it says `public`.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A test target per target, named after it.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", swiftSettings: strict)
}

let package = Package(
    name: "waxwing",
    products: [
        .executable(name: "relayd", targets: ["relayd"]),
        .executable(name: "relayctl", targets: ["relayctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // C as it is: a module map, and a shim for macros and variadics.
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL"),
        .systemLibrary(name: "CUnbound", path: "Sources/CUnbound"),
        .systemLibrary(name: "CIDN2", path: "Sources/CIDN2"),
        .systemLibrary(name: "CCurl", path: "Sources/CCurl"),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib"),

        // What mail is.
        .target(name: "Mail", swiftSettings: strict),

        // What the world is: one target for each thing touched.
        .target(
            name: "Net",
            dependencies: [
                "CLinux",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(name: "TLS", dependencies: ["COpenSSL", "Mail"], swiftSettings: strict),
        .target(
            name: "DNS",
            dependencies: [
                "CUnbound", "CIDN2", "CLinux", "Mail", "Net",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(name: "Gzip", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "HTTPS", dependencies: ["CCurl", "COpenSSL", "Mail", "Net"], swiftSettings: strict),
        .target(
            name: "Store",
            dependencies: ["CLinux", "CZlib", "Mail", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),

        // What the relay does.
        .target(
            name: "Relay",
            dependencies: [
                "Mail", "Net", "TLS", "DNS", "HTTPS", "Gzip", "Store", "CLinux",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            // The pumps stay where they run: an async call inside them asks for no executor.
            swiftSettings: strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .executableTarget(
            name: "relayd",
            dependencies: [
                "Relay", "DNS", .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "relayctl",
            dependencies: [
                "Relay", "Mail", "DNS", "TLS", "Net", "Gzip",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // Measures, and is not shipped: `make bench-decisions`.
        .executableTarget(
            name: "waxwing-bench",
            dependencies: [
                "Relay", "Mail", "Net", "TLS", "Store", "CLinux", "COpenSSL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks",
            swiftSettings: strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),

        tests("Mail", ["Mail"]),
        tests("Net", ["Net", "CLinux"]),
        tests("Gzip", ["Gzip"]),
        tests("TLS", ["TLS", "Mail", "COpenSSL"]),
        tests("HTTPS", ["HTTPS", "Mail", "Net", "COpenSSL", "CCurl"]),
        // Speaks the resolver's protocol well or badly, as the tests of the daemon's side want it.
        .executableTarget(
            name: "resolver-worker-fixture", dependencies: ["DNS"], path: "Tests/DNSTests/Fixture",
            swiftSettings: strict),
        .testTarget(
            name: "DNSTests", dependencies: ["DNS", "Mail", "Net", "resolver-worker-fixture"],
            path: "Tests/DNSTests", exclude: ["Fixture"], swiftSettings: strict),
        tests(
            "Store",
            [
                "Store", "Mail", "CLinux", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        tests(
            "Relay",
            [
                "Relay", "Mail", "Net", "TLS", "DNS", "Store", .product(name: "Logging", package: "swift-log"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        tests(
            "relayctl",
            [
                "relayctl", "Mail", "Relay", "TLS", "Net", .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests("Benchmarks", ["waxwing-bench"]),
        tests("Structure", []),
    ]
)

// What libFuzzer feeds has no main of its own, so it is built only where somebody links libFuzzer's: `make fuzz`.
if Context.environment["WAXWING_FUZZ"] != nil {
    package.targets += [
        .target(name: "Fuzzing", path: "Tests/Fuzz/Core", swiftSettings: strict),
        .executableTarget(
            name: "waxwing-fuzz", dependencies: ["Fuzzing", "Mail", "Gzip"], path: "Tests/Fuzz/Mail",
            swiftSettings: strict),
        .executableTarget(
            name: "waxwing-fuzz-relay", dependencies: ["Fuzzing", "Mail", "DNS", "HTTPS", "Relay"],
            path: "Tests/Fuzz/Relay", swiftSettings: strict),
    ]
}
