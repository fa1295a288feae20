import DequeModule
import Mail
import Net
import Store

/// What the operator's orders need of the dispatcher.
extension Dispatcher {
    /// Takes recipients out of memory, so that an order can change them on disk; until ``unclaim(_:)`` nobody else works on
    /// them.
    /// - Returns: those that are being delivered right now: they are left alone.
    func claim(_ recipients: [SelectedRecipient]) -> Set<RecipientNumber> {
        var busy: Set<RecipientNumber> = []
        var waiting: [String: Set<RecipientNumber>] = [:]
        for recipient in recipients where memory.holds(recipient.number) {
            if memory.isUnderWay(recipient.number) {
                busy.insert(recipient.number)
            } else {
                waiting[recipient.destination, default: []].insert(recipient.number)
            }
        }
        takeOut(waiting)
        // Claimed by somebody else: another order, or a notice that is being made.
        for recipient in recipients where memory.holds(recipient.number) { busy.insert(recipient.number) }
        let claimed = recipients.map(\.number).filter { !busy.contains($0) }
        memory.claim(claimed)
        // A session may still be on its way here with a message it has just put into the queue.
        for number in claimed { passes.see(number) }
        return busy
    }

    /// Carries out `change` for those of `recipients` that are not being delivered right now; nobody else works on them
    /// meanwhile.
    /// - Returns: those it was carried out for, and what came of it.
    nonisolated func withHold<Value: Sendable>(
        of recipients: [SelectedRecipient],
        _ change: @Sendable ([SelectedRecipient]) async throws(StoreError) -> Value
    ) async throws(StoreError) -> (mine: [SelectedRecipient], value: Value) {
        let busy = await claim(recipients)
        let mine = recipients.filter { !busy.contains($0.number) }
        let result: Result<Value, StoreError>
        do throws(StoreError) {
            result = .success(try await change(mine))
        } catch {
            result = .failure(error)
        }
        await unclaim(mine.map(\.number))
        return (mine, try result.get())
    }

    /// Puts jobs that wait in memory back to the disk, with all their recipients.
    /// - Parameter waiting: recipients by destination.
    func takeOut(_ waiting: [String: Set<RecipientNumber>]) {
        for (name, numbers) in waiting {
            guard let destination = destinations[name] else { continue }
            let out = destination.ready.removeAll { job in
                job.awaited == nil && job.recipients.contains { numbers.contains($0.number) }
            }
            for job in out { release(job) }
            if !out.isEmpty { overflow(destination) }
        }
    }

    /// Those that are being delivered right now.
    func underWay(_ recipients: [RecipientNumber]) -> Set<RecipientNumber> {
        Set(recipients.filter(memory.isUnderWay))
    }

    /// The order is carried out.
    func unclaim(_ recipients: [RecipientNumber]) {
        memory.unclaim(recipients)
        passes.noteReleased(recipients)
    }

    /// Mail was made due, or may go again: the loader is to look at once, and destinations that were down are tried.
    func lookAgain(at names: Set<String>) {
        // The operator wants to see for himself.
        parts.rests.forget()
        for name in names {
            guard let destination = destination(name) else { continue }
            if destination.window.isDown { destination.window.reset() }
            destination.endRest()
            overflow(destination)
            serve(destination)
        }
        wantAllDue()
    }

    /// The wall clock was set, and what lies on disk was moved with it: all that is due is looked through.
    func clockWasSet() {
        wantAllDue()
    }

    /// A destination is suspended from now on: what waits for it in memory goes back to the disk.
    func suspended(_ name: String) {
        guard let destination = destinations[name],
            let suspension = parts.terms.orders.suspension(of: name, at: parts.clock())
        else { return }
        putBack(destination, because: suspension.reasonInWords)
        for idle in destination.idle { idle.continuation.resume(returning: nil) }
        destination.idle = []
        if let until = suspension.until { passes.wake(at: until) }
    }

    /// The client that waited for these jobs gave up: those that wait are let go of, those under way end before the final dot.
    func forget(_ abandoned: [Job]) {
        for name in Set(abandoned.map(\.destination)) {
            guard let destination = destinations[name] else { continue }
            for job in destination.ready.removeAll(where: \.isAbandoned) { release(job) }
        }
    }
}
