import DNS
import Glibc
import Mail

/// What a person typed, as values.
enum Arguments {
    /// In ASCII or as U-labels.
    static func domainName(_ text: String) throws(Failure) -> DomainName {
        do throws(IDNAError) {
            return try DomainName(idna: text)
        } catch {
            throw Failure(.usage, "\(text) is no domain name")
        }
    }
}

extension WallTime {
    /// The system's clock.
    static var system: WallTime { WallTime(seconds: Int64(time(nil))) }
}
