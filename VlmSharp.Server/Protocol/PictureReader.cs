using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>Reads the pictures of requests.</summary>
/// <param name="source">Decodes and fetches; taken over.</param>
internal sealed class PictureReader(PictureSource source) : IDisposable
{
    /// <summary>Reads pictures of a JSON body.</summary>
    /// <param name="call">The request.</param>
    /// <param name="body">The body.</param>
    /// <param name="texts">Where they stand in it.</param>
    public async Task<IReadOnlyList<SeenPicture>> ReadAsync(ApiCall call, ReadOnlyMemory<byte> body, IReadOnlyList<JsonString> texts)
    {
        RequireCount(call, texts.Count);
        var all = new List<SeenPicture>();
        foreach (JsonString text in texts)
            all.Add(text.DataBytes(body.Span) is { } bytes ? await DecodeAsync(call, bytes, all.Count + 1) : await FetchAsync(call, text.Address(body.Span)));
        return all;
    }

    /// <summary>Reads pictures that came as files.</summary>
    public async Task<IReadOnlyList<SeenPicture>> ReadAsync(ApiCall call, IReadOnlyList<ReadOnlyMemory<byte>> files)
    {
        RequireCount(call, files.Count);
        var all = new List<SeenPicture>();
        foreach (ReadOnlyMemory<byte> file in files) all.Add(await DecodeAsync(call, file, all.Count + 1));
        return all;
    }

    /// <summary>Nothing is decoded that cannot fit.</summary>
    private static void RequireCount(ApiCall call, int count)
    {
        int most = Math.Min(call.Limits.MaxPictures, call.Served.Model.Config.Text.MaxPositions / call.Served.TokensPerPicture);
        if (count == 0) throw ApiException.Invalid("The request has no picture: PaliGemma answers questions about pictures, so send at least one.", "image", "missing_image");
        if (count > most) throw ApiException.Invalid($"The request has {count} pictures, and at most {most} are taken: send fewer.", "image", "too_many_images");
    }

    private async Task<SeenPicture> DecodeAsync(ApiCall call, ReadOnlyMemory<byte> file, int number)
    {
        using ReadPicture read = await source.DecodeAsync(file, $"Picture {number}", call.Token);
        return await Task.Run(() => Seen(call, read), call.Token);
    }

    private async Task<SeenPicture> FetchAsync(ApiCall call, string address)
    {
        using ReadPicture read = await source.ReadAsync(address, call.Token);
        return await Task.Run(() => Seen(call, read), call.Token);
    }

    private static SeenPicture Seen(ApiCall call, ReadPicture read)
    {
        lock (call.Record.Pictures) call.Record.Pictures.Add(new PictureFacts(read.Bytes, read.Image.Width, read.Image.Height, read.Format, read.Sha256[..8]));
        return new SeenPicture(call.Served.Model.Preprocessor.Resize(read.Image), read.Image.Width, read.Image.Height);
    }

    public void Dispose() => source.Dispose();
}
