import DequeModule
import Logging
import Mail
import Net
import Store

/// Who waits for a connection, a place at a site or the next message of a rate.
extension Dispatcher {
    /// Milliseconds until the rates of the destination and its site allow one more message; nil for now, which is taken.
    func paceWait(of destination: Destination) -> Int64? {
        guard destination.pace != nil || destination.site?.pace != nil else { return nil }
        let now = Deadline.now.milliseconds
        var pace = destination.pace
        if let later = pace?.admit(at: now) { return later - now }
        if let later = destination.site?.pace?.admit(at: now) { return later - now }
        destination.pace = pace
        return nil
    }

    /// In slices, so that neither the end nor a new rate waits for a long one.
    func pause(_ destination: Destination, for milliseconds: Int64) {
        guard !destination.isPaced, !isDraining else { return }
        destination.isPaced = true
        let number = newTask()
        let (loop, name) = (loops.next(), destination.name)
        tasks[number] = Task(executorPreference: loop) {
            _ = await loop.pause(.milliseconds(min(max(1, milliseconds), Self.paceSlice)))
            await self.resume(name, number)
        }
    }

    func resume(_ name: String, _ task: Int) {
        forget(task)
        guard let destination = destinations[name] else { return }
        destination.isPaced = false
        serve(destination)
    }

    /// Milliseconds.
    static let paceSlice: Int64 = 1000

    func standInLine(_ destination: Destination) {
        guard !destination.isInLine else { return }
        destination.isInLine = true
        line.append(destination)
        endOneIdle()
    }

    func standInLine(_ destination: Destination, of site: Site) {
        guard !destination.isInSiteLine else { return }
        destination.isInSiteLine = true
        site.line.append(destination)
        // A connection to the site that lies idle is in its way.
        endOneIdle { $0.site === site }
    }
}
