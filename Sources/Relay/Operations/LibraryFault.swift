import DNS
import Glibc
import Mail
import Store
import TLS

/// What is known against a library that this program runs with, by its version number. A distribution mends faults without another
/// number, and the library does not know its package: so what is known of it is a reason to look, and no more than that.
struct LibraryFault: Hashable, Sendable {
    /// With its version.
    let library: String
    /// What is known: CVEs, or a sentence.
    let known: String
    let reason: String
    let cure: String
    /// Nobody but who installed it will have mended it, and it does harm here.
    let isLikely: Bool
    /// What is known of it does no harm here.
    let isHarmless: Bool

    /// A library with its source package and binary package at Debian, and where it lies; nil for one that cannot be found.
    struct Origin: Hashable, Sendable {
        let source: String
        let package: String
        let path: String?

        /// Its file lies where distributions have theirs.
        var isPackaged: Bool {
            guard let path else { return true }
            return ["/usr/lib/", "/usr/lib64/", "/lib/", "/lib64/"].contains { path.hasPrefix($0) }
        }
    }

    /// - Parameter upgrade: the release to upgrade to, and what else there is to know, in a clause.
    init(_ library: String, _ known: String, _ origin: Origin, upgrade: String, isHarmless: Bool = false) {
        self.library = library
        self.known = known
        self.isHarmless = isHarmless
        isLikely = !origin.isPackaged && !isHarmless
        if origin.isPackaged {
            reason = "judged by its version number alone; the distribution may have mended it without changing that"
            cure =
                "apt changelog \(origin.package), or security-tracker.debian.org/tracker/source-package/\(origin.source), says whether it is "
                + "mended; if it is not, \(upgrade)"
        } else {
            reason =
                "judged by its version number; \(origin.path ?? "it") is no file of a distribution, which might have mended it"
            cure = upgrade
        }
    }

    /// Of the libraries this process is linked to.
    static func all(_ sqlite: SQLiteVersion?) -> [LibraryFault] {
        var faults: [LibraryFault] = []
        if let version = UnboundVersion.linked, version.isKnownUnsafe {
            faults.append(unbound(version, at: path(of: "libunbound.so")))
        }
        if let why = OpenSSLLibrary.knownUnsafe {
            faults.append(
                LibraryFault(
                    OpenSSLLibrary.version, why,
                    Origin(source: "openssl", package: "libssl3", path: path(of: "libcrypto.so")),
                    upgrade: "upgrade OpenSSL to a release without it, and restart relayd"))
        }
        if let sqlite, let why = sqlite.knownFault {
            faults.append(Self.sqlite(sqlite, why, at: path(of: "libsqlite3.so")))
        }
        return faults
    }

    static func unbound(_ version: UnboundVersion, at path: String?) -> LibraryFault {
        LibraryFault(
            "libunbound \(version)", version.knownFaults.joined(separator: " "),
            Origin(source: "unbound", package: "libunbound8", path: path),
            upgrade:
                "upgrade to 1.25.2 or later, and restart relayd; it runs in a process of its own that holds no key and no file of the queue, "
                + "as relayd's user")
    }

    static func sqlite(_ version: SQLiteVersion, _ why: String, at path: String?) -> LibraryFault {
        LibraryFault(
            "SQLite \(version)", why, Origin(source: "sqlite3", package: "libsqlite3-0", path: path),
            upgrade: "let nothing but relayd write to queue.db, and upgrade to 3.51.3 or later in good time",
            isHarmless: true)
    }

    /// The file of a library, or of the program where it is a part of that; nil where the kernel does not tell.
    private static func path(of library: String) -> String? {
        let maps = maps
        return maps.isEmpty ? nil : path(of: library, in: maps)
    }

    /// Empty where it cannot be read. Has some hundred lines; of more than a megabyte the rest is left out.
    private static var maps: String {
        let descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while all.count < 1 << 20 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            all += buffer.prefix(count)
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// - Parameter maps: proc_pid_maps(5): the sixth field is the file's path.
    static func path(of library: String, in maps: String) -> String {
        let paths: [Substring] = maps.split(separator: "\n").compactMap { line in
            line.firstIndex(of: "/").map { line[$0...] }
        }
        let found = paths.first { $0.contains("/\(library)") }
        return String(found ?? paths.first ?? "relayd")
    }
}

extension Service {
    /// One for each library of which something is known that may do harm, or that there is none. The log tells of the others.
    func checkLibraries() -> [DoctorCheckView] {
        let faults = LibraryFault.all(store.openingReport.sqlite).filter { !$0.isHarmless }
        if faults.isEmpty {
            return [
                DoctorCheckView(
                    "libraries", .ok,
                    "of the versions of OpenSSL, libunbound and SQLite nothing is known that does harm here")
            ]
        }
        return faults.map(DoctorCheckView.init)
    }
}

extension DoctorCheckView {
    init(_ fault: LibraryFault) {
        self.init(
            "libraries", fault.isLikely ? .warning : .unknown, "\(fault.library): \(fault.known); \(fault.reason)",
            cure: fault.cure)
    }
}
