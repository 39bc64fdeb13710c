namespace VlmSharp.Hub;

/// <summary>
/// Executes a plan file by file. The reference of its revision is written last, so that the old snapshot is used until then.
/// </summary>
internal sealed class SnapshotPull
{
    private readonly HubTransport transport;
    private readonly HubOptions options;
    private readonly HubPlan plan;
    private readonly IProgress<HubProgress> progress;
    private readonly CacheLayout layout;
    private readonly CacheWriter writer;
    private long done, received;

    public SnapshotPull(HubTransport transport, HubOptions options, HubPlan plan, IProgress<HubProgress> progress)
    {
        (this.transport, this.options, this.plan, this.progress) = (transport, options, plan, progress);
        layout = new CacheLayout(options.CacheDirectory, plan.Model.Name);
        writer = new CacheWriter(layout, options.UseSymlinks);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            MakeFolders();
            foreach (RemoteFile file in plan.Remote)
            {
                await BringAsync(file, cancellationToken).ConfigureAwait(false);
                done += file.Size;
                Report(HubActivity.FileDone, file, file.Size);
            }

            foreach (string name in plan.Absent) writer.NoteAbsent(plan.Commit, name);
            writer.Refer(plan.Model, plan.Commit);
        }
        catch (IOException e) when (IoErrors.IsDiskFull(e))
        {
            throw HubErrors.DiskFull(options.CacheDirectory, e);
        }
    }

    private void MakeFolders()
    {
        try
        {
            writer.Mark();
            Directory.CreateDirectory(layout.Blobs);
            Directory.CreateDirectory(plan.Snapshot);
        }
        catch (Exception e) when (e is UnauthorizedAccessException || (e is IOException io && !IoErrors.IsDiskFull(io)))
        {
            throw HubErrors.UnwritableCache(options.CacheDirectory, e);
        }
    }

    private async Task BringAsync(RemoteFile file, CancellationToken cancellationToken)
    {
        string entry = layout.Entry(plan.Commit, file.Name);
        if (CacheFiles.Length(entry) == file.Size) return;
        using IDisposable held = await CacheLock
            .TakeAsync(layout.Lock(file.ETag), () => Report(HubActivity.Waiting, file, 0), cancellationToken).ConfigureAwait(false);
        if (CacheFiles.Length(entry) == file.Size) return; // another process had the lock before
        bool isNew = CacheFiles.Length(layout.Blob(file.ETag)) != file.Size;
        if (isNew) await FetchAsync(file, cancellationToken).ConfigureAwait(false);
        writer.Link(file.ETag, plan.Commit, file.Name, isNew);
    }

    private async Task FetchAsync(RemoteFile file, CancellationToken cancellationToken)
    {
        string incomplete = layout.Incomplete(file.ETag);
        Report(HubActivity.Checking, file, 0);
        using (BlobFile blob = await BlobFile.OpenAsync(incomplete, file, options.CacheDirectory, cancellationToken).ConfigureAwait(false))
        {
            var download = new BlobDownload(new PartFetch(transport, options, file), options, file, blob);
            for (bool isFirst = true; ; isFirst = false)
            {
                Report(HubActivity.Downloading, file, blob.Length);
                await download.RunAsync(Appended, cancellationToken).ConfigureAwait(false);
                if (blob.IsRight()) break;
                // The bytes of an earlier try may have been wrong: download the file once more, but only once.
                if (!isFirst) throw HubErrors.HashMismatch(file.Name, blob.HashName);
            }

            blob.Flush();

            void Appended(int count)
            {
                received += count;
                Report(HubActivity.Downloading, file, blob.Length);
            }
        }

        File.Move(incomplete, layout.Blob(file.ETag), overwrite: true);
    }

    private void Report(HubActivity activity, RemoteFile file, long bytes) => progress.Report(new HubProgress(
        activity, file.Name, bytes, file.Size, activity == HubActivity.FileDone ? done : done + bytes, plan.Size, received));
}
