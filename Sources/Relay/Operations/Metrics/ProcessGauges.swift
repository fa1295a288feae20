import Glibc

/// This process as the kernel counts it, under the names that every client library of Prometheus has for it.
struct ProcessGauges: Hashable, Sendable {
    /// Seconds since the epoch.
    var started: Int64?
    var cpuSeconds: Double?
    var residentBytes: UInt64?
    var virtualBytes: UInt64?
    var openDescriptors: Int?
    var descriptorLimit: UInt64?

    init() {}

    /// As things are now. A number that cannot be read is left out.
    static func read(started: Int64) -> ProcessGauges {
        var gauges = ProcessGauges()
        gauges.started = started
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            gauges.cpuSeconds = usage.ru_utime.seconds + usage.ru_stime.seconds
        }
        var bound = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bound) == 0 {
            gauges.descriptorLimit = UInt64(bound.rlim_cur)
        }
        // proc(5): pages of the program, and those of them in memory.
        let pages = words(of: "/proc/self/statm").map { UInt64($0) }
        let size = UInt64(max(0, sysconf(CInt(_SC_PAGESIZE))))
        if pages.count > 1 {
            gauges.virtualBytes = pages[0].map { $0 &* size }
            gauges.residentBytes = pages[1].map { $0 &* size }
        }
        gauges.openDescriptors = entries(of: "/proc/self/fd")
        return gauges
    }

    private static func words(of path: String) -> [Substring] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(descriptor, &octets, octets.count)
        return String(decoding: octets.prefix(max(0, count)), as: UTF8.self).split(whereSeparator: \.isWhitespace)
    }

    /// Without `.`, `..` and the descriptor that reads them.
    private static func entries(of path: String) -> Int? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)
    }

    func append(to text: inout Exposition) {
        text.family(
            "process_start_time_seconds", .gauge, "When the process started, in seconds since the epoch.", started)
        text.family("process_cpu_seconds_total", .counter, "Processor time spent, in seconds.", cpuSeconds)
        text.family("process_resident_memory_bytes", .gauge, "Memory in use, in octets.", residentBytes)
        text.family("process_virtual_memory_bytes", .gauge, "Address space in use, in octets.", virtualBytes)
        text.family("process_open_fds", .gauge, "Open file descriptors.", openDescriptors)
        text.family("process_max_fds", .gauge, "Descriptors that may be open.", descriptorLimit)
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
