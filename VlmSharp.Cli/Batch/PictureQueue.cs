using System.Threading.Channels;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Storage;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Cli.Batch;

/// <summary>An item with its pictures read.</summary>
/// <param name="Item">What the list says of it.</param>
/// <param name="Pictures">Its pictures at the model's size; empty if reading failed.</param>
/// <param name="Sizes">Their original sizes, upright.</param>
/// <param name="Fault">Why reading failed, or null.</param>
internal sealed record LoadedItem(WorkItem Item, IReadOnlyList<RgbImage> Pictures, IReadOnlyList<(int Width, int Height)> Sizes,
    JsonError? Fault);

/// <summary>
/// Reads, decodes and resizes the pictures of the next items on other threads while the model works, and returns them in order. Memory is
/// bounded: a fixed number of items wait, each at the model's size, and a fixed number of threads decode, each with what its format needs.
/// </summary>
internal sealed class PictureQueue(int waiting, int threads, ImagePreprocessor preprocessor, ImageOptions options) : IDisposable
{
    private readonly ReaderWriterLockSlim alone = new();

    /// <summary>The items with their pictures, in order.</summary>
    public async IAsyncEnumerable<LoadedItem> Load(
        IEnumerable<WorkItem> items, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var turns = new SemaphoreSlim(threads);
        var queue = Channel.CreateBounded<Task<LoadedItem>>(
            new BoundedChannelOptions(waiting) { SingleReader = true, SingleWriter = true });
        Task feeding = Task.Run(() => FeedAsync(items, queue.Writer, turns, stop.Token), CancellationToken.None);
        try
        {
            await foreach (Task<LoadedItem> loading in queue.Reader.ReadAllAsync(cancellationToken)) yield return await loading;
        }
        finally
        {
            await stop.CancelAsync();
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // first: until it ends, it may start another load
            while (queue.Reader.TryRead(out Task<LoadedItem>? loading))
                await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => alone.Dispose();

    private async Task FeedAsync(
        IEnumerable<WorkItem> items, ChannelWriter<Task<LoadedItem>> queue, SemaphoreSlim turns, CancellationToken cancellationToken)
    {
        Task? held = null; // a load that is not yet in the queue
        try
        {
            foreach (WorkItem item in items)
            {
                await turns.WaitAsync(cancellationToken);
                Task<LoadedItem> loading = Task.Run(() =>
                {
                    try
                    {
                        return Load(item, cancellationToken);
                    }
                    finally
                    {
                        turns.Release();
                    }
                }, CancellationToken.None);
                held = loading;
                await queue.WriteAsync(loading, cancellationToken);
                held = null;
            }

            queue.Complete();
        }
        catch (Exception e)
        {
            // The load uses what its owner disposes of at the end.
            if (held is not null) await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            queue.Complete(e);
        }
    }

    private LoadedItem Load(WorkItem item, CancellationToken cancellationToken)
    {
        if (item.Fault is { } fault) return new LoadedItem(item, [], [], new JsonError(JsonError.InvalidLine, fault));
        try
        {
            return LoadBesideOthers(item, cancellationToken);
        }
        catch (Exception e) when (e is ImageFormatException or StorageException { IsOfObject: true })
        {
            return new LoadedItem(item, [], [], JsonError.Of(e));
        }
    }

    // Whether a picture fits in memory must not depend on the pictures read at the same time, so one that did not fit is tried again alone.
    private LoadedItem LoadBesideOthers(WorkItem item, CancellationToken cancellationToken)
    {
        try
        {
            using var shared = new Turn(alone, isAlone: false);
            return Read(item, cancellationToken);
        }
        catch (Exception e) when (FreeMemory.RanOut(e))
        {
            using var single = new Turn(alone, isAlone: true);
            FreeMemory.Gather();
            return Read(item, cancellationToken);
        }
    }

    private LoadedItem Read(WorkItem item, CancellationToken cancellationToken)
    {
        var pictures = new RgbImage[item.Images.Count];
        var sizes = new (int, int)[pictures.Length];
        for (int i = 0; i < pictures.Length; i++)
        {
            ResizedImage picture = Read(item, item.Images[i], cancellationToken);
            sizes[i] = (picture.OriginalWidth, picture.OriginalHeight);
            pictures[i] = picture.Image;
        }

        return new LoadedItem(item, pictures, sizes, null);
    }

    private ResizedImage Read(WorkItem item, string path, CancellationToken cancellationToken)
    {
        string name = item.Given?.Name ?? path;
        byte[]? file = item.Given?.Bytes() ?? (ObjectPath.IsOne(path)
            ? ObjectStore.Shared.Read(ObjectPath.Parse(path), options.MaxFileBytes, cancellationToken)
            : null);
        if (item.Change is not { } change)
        {
            return file is null
                ? preprocessor.Load(path, options, cancellationToken)
                : preprocessor.Decode(file, name, options, cancellationToken);
        }

        RgbImage whole = file is null
            ? ImageFile.Load(path, options, cancellationToken)
            : ImageFile.Decode(file, name, options, cancellationToken);
        try
        {
            whole = change(whole);
            return new ResizedImage(preprocessor.Resize(whole), whole.Width, whole.Height);
        }
        catch (OutOfMemoryException e)
        {
            throw new ImageFormatException(
                $"{name} has {whole.Width} x {whole.Height} pixels, and there is no memory left to change it as asked; scale it down, "
                + "or give the process more memory.", e)
            { Fault = ImageFault.OverLimit };
        }
    }

    /// <summary>A turn to read a picture: with others, or alone.</summary>
    private readonly struct Turn : IDisposable
    {
        private readonly ReaderWriterLockSlim turns;
        private readonly bool isAlone;

        public Turn(ReaderWriterLockSlim turns, bool isAlone)
        {
            (this.turns, this.isAlone) = (turns, isAlone);
            if (isAlone) turns.EnterWriteLock();
            else turns.EnterReadLock();
        }

        public void Dispose()
        {
            if (isAlone) turns.ExitWriteLock();
            else turns.ExitReadLock();
        }
    }
}
