using System.Threading.Channels;
using VlmSharp.Cli.Output;
using VlmSharp.Cli.Storage;
using VlmSharp.Imaging;
using VlmSharp.Preprocessing;

namespace VlmSharp.Cli.Batch;

/// <summary>An item with its pictures read.</summary>
/// <param name="Item">The item.</param>
/// <param name="Pictures">Its pictures at the model's size; empty when reading failed.</param>
/// <param name="Sizes">Their sizes before, upright.</param>
/// <param name="Fault">Why there are none, or null.</param>
internal sealed record LoadedItem(WorkItem Item, IReadOnlyList<RgbImage> Pictures, IReadOnlyList<(int Width, int Height)> Sizes,
    JsonError? Fault);

/// <summary>
/// Reads, decodes and resizes the pictures of coming items on other threads while the model works, and hands them over in
/// order. Memory is bounded: so many items wait, each at the model's size, and so many threads hold a whole picture.
/// </summary>
internal sealed class PictureQueue(int waiting, int threads, ImagePreprocessor preprocessor)
{
    /// <summary>The items with their pictures, in order.</summary>
    public async IAsyncEnumerable<LoadedItem> Load(IEnumerable<WorkItem> items, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var turns = new SemaphoreSlim(threads);
        var queue = Channel.CreateBounded<Task<LoadedItem>>(new BoundedChannelOptions(waiting) { SingleReader = true, SingleWriter = true });
        Task feeding = Task.Run(() => FeedAsync(items, queue.Writer, turns, stop.Token), CancellationToken.None);
        try
        {
            await foreach (Task<LoadedItem> loading in queue.Reader.ReadAllAsync(cancellationToken)) yield return await loading;
        }
        finally
        {
            await stop.CancelAsync();
            while (queue.Reader.TryRead(out Task<LoadedItem>? loading)) await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FeedAsync(IEnumerable<WorkItem> items, ChannelWriter<Task<LoadedItem>> queue, SemaphoreSlim turns, CancellationToken cancellationToken)
    {
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
                await queue.WriteAsync(loading, cancellationToken);
            }

            queue.Complete();
        }
        catch (Exception e)
        {
            queue.Complete(e);
        }
    }

    private LoadedItem Load(WorkItem item, CancellationToken cancellationToken)
    {
        if (item.Fault is { } fault) return new LoadedItem(item, [], [], new JsonError(JsonError.InvalidLine, fault));
        try
        {
            var pictures = new RgbImage[item.Images.Count];
            var sizes = new (int, int)[pictures.Length];
            for (int i = 0; i < pictures.Length; i++)
            {
                RgbImage whole = item.Given?.Invoke() ?? Read(item.Images[i], cancellationToken);
                if (item.Change is { } change) whole = change(whole);
                sizes[i] = (whole.Width, whole.Height);
                pictures[i] = preprocessor.Resize(whole);
            }

            return new LoadedItem(item, pictures, sizes, null);
        }
        catch (Exception e) when (e is ImageFormatException or StorageException { IsOfObject: true })
        {
            return new LoadedItem(item, [], [], JsonError.Of(e));
        }
    }

    private static RgbImage Read(string path, CancellationToken cancellationToken) => ObjectPath.IsOne(path)
        ? ImageFile.Decode(ObjectStore.Shared.Read(ObjectPath.Parse(path), ImageOptions.Default.MaxFileBytes, cancellationToken), path,
            null, cancellationToken)
        : ImageFile.Load(path);
}
