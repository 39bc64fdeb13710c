namespace VlmSharp.Hub;

/// <summary>
/// The messages about the hub that do not depend on one of its responses: the problem and the next step. docs/hub.md has them as a table.
/// </summary>
internal static class HubErrors
{
    public static HubException BadName(string text) => new(HubErrorKind.BadName,
        $"'{text}' is no model of the hub: give OWNER/NAME, such as google/paligemma-3b-mix-224, or OWNER/NAME@REVISION.");

    public static HubException ImpossibleToken(string source) => new(HubErrorKind.TokenRefused,
        $"What {source} holds is no token: a token is one word of letters and digits, such as hf_ and 34 more; copy it again.");

    public static HubException UnsafeFileName(string model, string name, string problem) => new(HubErrorKind.UnsafeFileName,
        $"{model} lists the file '{Printable(name)}', and {problem}; nothing was fetched: tell the model's owner, or take another "
            + "model.");

    public static HubException NotAModel(string model, string lacks) => new(HubErrorKind.NotAModel,
        $"{model} holds {lacks}: take a repository of the same model in transformers' format (one without -jax, -keras or -gguf in "
            + "its name).");

    public static HubException Offline(HubModel model, string cache, bool isPartial) => new(HubErrorKind.Offline,
        $"{model} is {(isPartial ? "only in part" : "not")} in the cache ({cache}), and offline mode forbids to fetch it: leave "
            + $"--offline out, unset HF_HUB_OFFLINE, and run 'vlmsharp pull {model}'.");

    public static HubException OfflineCheck(string endpoint) => new(HubErrorKind.Offline,
        $"Offline mode forbids requests to {endpoint}: unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, and run the same command again.");

    public static HubException NotCached(HubModel model, string cache) => new(HubErrorKind.NotCached,
        $"{model} is neither a folder nor in the cache of the hub ({cache}): run 'vlmsharp pull {model}'.");

    public static HubException IncompleteSnapshot(HubModel model, string cache, string missing) => new(HubErrorKind.IncompleteSnapshot,
        $"{model} is only in part in the cache of the hub ({cache}): {missing} is missing; run 'vlmsharp pull {model}', which "
            + "fetches the rest.");

    public static HubException TooSmallDisk(string model, string cache, long needed, long free) => new(HubErrorKind.DiskFull,
        $"{model} takes {ByteText.Of(needed)} more, and {cache} has {ByteText.Of(free)} free: make room, or put the cache on another "
            + "disk with --cache or HF_HUB_CACHE.");

    public static HubException DiskFull(string file, string cache, long at, long size, IOException e) => new(HubErrorKind.DiskFull,
        $"The disk of {cache} is full at {ByteText.Of(at)} of {ByteText.Of(size)} of {file}: make room and run the same command "
            + "again, which goes on from there.", e);

    public static HubException DiskFull(string cache, IOException e) => new(HubErrorKind.DiskFull,
        $"The disk of {cache} is full: make room and run the same command again.", e);

    public static IOException UnwritableCache(string cache, Exception e) =>
        new($"The cache {cache} cannot be written ({e.Message.TrimEnd('.')}): put it elsewhere with --cache or HF_HUB_CACHE, or change "
            + "its owner.", e);

    public static HubException PartialFile(
        string file, long at, long size, int times, string reason, Exception? e) => new(HubErrorKind.PartialFile,
        $"The connection was lost {times} times at {ByteText.Of(at)} of {ByteText.Of(size)} of {file} ({reason}): run the same "
            + "command again, which goes on from there.", e);

    public static HubException HashMismatch(string file, string algorithm) => new(HubErrorKind.HashMismatch,
        $"{file} came twice with other bytes than its {algorithm} says, and was thrown away: something on the way changes it; try "
            + "another network, or without the proxy.");

    public static HubException NotAHub(string about, string root, Exception? e = null) => new(HubErrorKind.NotAHub,
        $"{about}: what answers at {root} is no hub, or something on the way changes its answers; look at HF_ENDPOINT, --endpoint "
            + "and the proxy.", e);

    /// <summary>Text from another source, shortened and without control characters.</summary>
    public static string Printable(string text)
    {
        const int Most = 120;
        string plain = new([.. text.Take(Most).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
        return text.Length > Most ? plain + "..." : plain;
    }
}
