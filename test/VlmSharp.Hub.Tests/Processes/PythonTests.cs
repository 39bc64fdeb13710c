using VlmSharp.Conformance;
using VlmSharp.Hub.Tests.Cache;
using VlmSharp.Hub.Tests.Server;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>Python's hub library and VlmSharp share a cache: each reads what the other has downloaded.</summary>
public sealed class PythonTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Cache => Path.Combine(folder.Path, "huggingface", "hub");

    public void Dispose() => folder.Dispose();

    [PythonFact]
    public async Task Python_finds_what_was_pulled()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        string path = await new HubClient(hub.Options(Cache)).PullAsync(HubModel.Parse(FakeHub.Model));
        hub.Forget();
        string said = await Python.RunAsync(folder.Path, hub.Address, """
            from huggingface_hub import snapshot_download, try_to_load_from_cache, scan_cache_dir, _CACHED_NO_EXIST
            print(snapshot_download("acme/tiny", local_files_only=True))
            print(try_to_load_from_cache("acme/tiny", "tokenizer.json") is _CACHED_NO_EXIST)
            print(try_to_load_from_cache("acme/tiny", "pytorch_model.bin"))
            repo, = scan_cache_dir().repos
            print(repo.repo_id, repo.size_on_disk, repo.nb_files, sorted(repo.refs), len(scan_cache_dir().warnings))
            """);
        Assert.Equal([path, "True", "None", $"acme/tiny {1_005_000 + hub.Files[0].Content.Length} 3 ['main'] 0"], said.Split('\n'));
        said = await Python.RunAsync(folder.Path, hub.Address, """
            from huggingface_hub import hf_hub_download
            print(hf_hub_download("acme/tiny", "model.safetensors"))
            """);
        Assert.Equal(Path.Combine(path, "model.safetensors"), said);
        Assert.Equal(0, hub.Sent); // Python looked and did not need to fetch
    }

    [PythonFact]
    public async Task What_python_has_fetched_is_found()
    {
        await using var hub = new FakeHub(FakeHub.TinyModel(1_000_000));
        await Python.RunAsync(folder.Path, hub.Address, """
            from huggingface_hub import hf_hub_download
            for name in "config.json", "tokenizer.model", "model.safetensors": hf_hub_download("acme/tiny", name)
            """);
        CacheReader.Check(Cache, FakeHub.Model); // the second reader agrees with Python too
        Assert.Equal(FakeHub.Commit, new HubCache(Cache).Find(HubModel.Parse(FakeHub.Model)).Commit);
        hub.Forget();
        await new HubClient(hub.Options(Cache)).PullAsync(HubModel.Parse(FakeHub.Model));
        Assert.Equal(0, hub.Sent);
    }
}
