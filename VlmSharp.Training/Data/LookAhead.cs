using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace VlmSharp.Training.Data;

/// <summary>
/// Prepares coming items on other threads while earlier ones are used, and returns them in order. The waiting items are limited by number
/// and by weight; the number of items prepared at a time is limited too.
/// </summary>
/// <param name="threads">The number of items prepared at a time.</param>
/// <param name="items">The maximum number of waiting items.</param>
/// <param name="weight">The maximum weight of waiting items; a heavier item counts as this weight.</param>
internal sealed class LookAhead(int threads, int items, int weight)
{
    /// <summary>Makes something of each input, in order.</summary>
    /// <typeparam name="TIn">What it is made of.</typeparam>
    /// <typeparam name="TOut">What is made.</typeparam>
    /// <param name="inputs">Walked on another thread.</param>
    /// <param name="weigh">The weight of an item, before it is made.</param>
    /// <param name="make">Makes it; called by several threads. An exception comes to the caller at the item's place.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public IEnumerable<TOut> Run<TIn, TOut>(
        IEnumerable<TIn> inputs, Func<TIn, int> weigh, Func<TIn, TOut> make, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var turns = new SemaphoreSlim(threads);
        using var room = new SemaphoreSlim(weight);
        using var queue = new BlockingCollection<(Task<TOut> Making, int Weight)>(items);
        Exception? failure = null; // of the inputs; seen once all before it is taken
        Task feeding = Task.Factory.StartNew(() => Feed(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach ((Task<TOut> making, int itsWeight) in queue.GetConsumingEnumerable(cancellationToken))
            {
                Task.WaitAny([making], cancellationToken);
                TOut made = making.GetAwaiter().GetResult();
                room.Release(itsWeight);
                yield return made;
            }

            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }
        finally
        {
            stop.Cancel();
            Wait(feeding);
            while (queue.TryTake(out (Task<TOut> Making, int Weight) left)) Wait(left.Making); // they use what is about to be disposed of
        }

        void Feed()
        {
            try
            {
                foreach (TIn input in inputs)
                {
                    int itsWeight = Math.Clamp(weigh(input), 1, weight);
                    for (int i = 0; i < itsWeight; i++) room.Wait(stop.Token);
                    turns.Wait(stop.Token);
                    Task<TOut> making = Task.Run(() =>
                    {
                        try
                        {
                            return make(input);
                        }
                        finally
                        {
                            turns.Release();
                        }
                    }, CancellationToken.None);
                    try
                    {
                        queue.Add((making, itsWeight), stop.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        Wait(making);
                        throw;
                    }
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Nobody takes the remaining items.
            }
            catch (Exception e)
            {
                failure = e;
            }
            finally
            {
                queue.CompleteAdding();
            }
        }
    }

    /// <summary>Waits, and throws nothing.</summary>
    private static void Wait(Task task) => Task.WaitAny(task);
}
