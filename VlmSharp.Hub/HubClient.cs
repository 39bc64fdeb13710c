using System.Diagnostics;
using System.Net;

namespace VlmSharp.Hub;

/// <summary>
/// Downloads models from the hub into the cache that all tools share. A pull may be interrupted at any time, by an exception or the end of
/// the process, and the next one resumes it; two pulls at the same time share the work.
/// </summary>
/// <param name="options">The hub, the cache, and the token.</param>
public sealed class HubClient(HubOptions options)
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>What a pull would do: requests the list of files, and the size and hash of each required file.</summary>
    /// <param name="model">Name and revision.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="HubException">The hub or the network failed, or offline mode forbids requests.</exception>
    public async Task<HubPlan> PlanAsync(HubModel model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (options.IsOffline) throw HubErrors.Offline(model, options.CacheDirectory, isPartial: false);
        using var transport = new HubTransport(options, model);
        return await PlanAsync(transport, model, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Downloads a model; files that are already in the cache are not downloaded again.</summary>
    /// <param name="model">Name and revision; a commit that is in the cache needs no request.</param>
    /// <param name="progress">Receives the progress, about ten times per second, on any thread.</param>
    /// <param name="cancellationToken">Stops the download; downloaded bytes stay for another try.</param>
    /// <returns>The snapshot's folder, to be opened as a model.</returns>
    /// <exception cref="HubException">The hub, the network or the disk failed, or offline mode forbids requests.</exception>
    /// <exception cref="IOException">The cache cannot be written.</exception>
    public async Task<string> PullAsync(
        HubModel model, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (options.IsOffline || model.IsCommit)
        {
            // A commit never changes, so a cached snapshot of it is always current.
            if (Cached(model) is { } cached) return cached;
        }

        progress?.Report(new HubProgress(HubActivity.Listing, "", 0, 0, 0, 0, 0));
        using var transport = new HubTransport(options, model);
        HubPlan plan = await PlanAsync(transport, model, cancellationToken).ConfigureAwait(false);
        long free = CacheFiles.Free(options.CacheDirectory);
        if (plan.Missing > free) throw HubErrors.TooSmallDisk(model.Name, options.CacheDirectory, plan.Missing, free);
        await new SnapshotPull(transport, options, plan, new Throttled(progress)).RunAsync(cancellationToken).ConfigureAwait(false);
        return plan.Snapshot;
    }

    /// <summary>Checks whether the hub is reachable and accepts the token.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The time to the response.</returns>
    /// <exception cref="HubException">The hub does not respond or accept the token, or offline mode forbids requests.</exception>
    public async Task<TimeSpan> CheckAsync(CancellationToken cancellationToken = default)
    {
        if (options.IsOffline) throw HubErrors.OfflineCheck(options.Endpoint.OriginalString);
        using var transport = new HubTransport(options, null);
        long start = Stopwatch.GetTimestamp();
        var uri = new Uri(options.Root + (options.Token is null ? "/api/models?limit=1" : "/api/whoami-v2"));
        using HttpResponseMessage answer = await transport.FollowAsync(HttpMethod.Get, uri, null, cancellationToken).ConfigureAwait(false);
        if (options.Token is { } token && answer.StatusCode is (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
            throw transport.Errors.UnknownToken(token);
        return answer.IsSuccessStatusCode ? Stopwatch.GetElapsedTime(start) : throw transport.Errors.Of(answer, null);
    }

    private string? Cached(HubModel model)
    {
        try
        {
            return new HubCache(options.CacheDirectory).Find(model).Path;
        }
        catch (HubException e) when (e.Kind is HubErrorKind.NotCached or HubErrorKind.IncompleteSnapshot)
        {
            return options.IsOffline
                ? throw HubErrors.Offline(model, options.CacheDirectory, e.Kind == HubErrorKind.IncompleteSnapshot)
                : null;
        }
    }

    private async Task<HubPlan> PlanAsync(HubTransport transport, HubModel model, CancellationToken cancellationToken)
    {
        RepositoryListing listing = await RepositoryListing.GetAsync(transport, options, model, cancellationToken).ConfigureAwait(false);
        ModelFiles files = ModelFiles.Choose(model.Name, listing.Files);
        var layout = new CacheLayout(options.CacheDirectory, model.Name);
        var remote = new List<RemoteFile>();
        foreach (string name in files.Needed)
            remote.Add(await RemoteFile.GetAsync(transport, options, model, listing.Commit, name, cancellationToken).ConfigureAwait(false));
        HubPlanFile[] planned = [.. remote.Select(file => new HubPlanFile(file.Name, file.Size, Present(layout, listing.Commit, file)))];
        string snapshot = layout.Snapshot(listing.Commit);
        return new HubPlan(model, listing.Commit, snapshot, planned, files.Skipped) { Absent = files.Absent, Remote = remote };
    }

    private static long Present(CacheLayout layout, string commit, RemoteFile file) =>
        CacheFiles.Length(layout.Entry(commit, file.Name)) == file.Size || CacheFiles.Length(layout.Blob(file.ETag)) == file.Size
            ? file.Size
            : CacheFiles.Length(layout.Incomplete(file.ETag)) is { } begun && begun <= file.Size ? begun : 0;

    /// <summary>Passes on every change of activity or file, but byte counts only about ten times per second.</summary>
    private sealed class Throttled(IProgress<HubProgress>? progress) : IProgress<HubProgress>
    {
        private (HubActivity, string) last;
        private long reported;

        public void Report(HubProgress value)
        {
            if (progress is null || (last == (value.Activity, value.File) && Stopwatch.GetElapsedTime(reported) < ReportEvery)) return;
            (last, reported) = ((value.Activity, value.File), Stopwatch.GetTimestamp());
            progress.Report(value);
        }
    }
}
