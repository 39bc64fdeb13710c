using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>Reads the pictures of requests.</summary>
/// <param name="source">Decodes and fetches.</param>
internal sealed class PictureReader(PictureSource source) : IDisposable
{
    private readonly SemaphoreSlim decoders = new(Environment.ProcessorCount); // a decoder may need gigabytes for a moment

    /// <summary>Reads pictures.</summary>
    /// <param name="call">The request.</param>
    /// <param name="given">The pictures as they were sent.</param>
    /// <param name="isWhole">Whether they are to be shown, and stay as they are.</param>
    public async Task<IReadOnlyList<SeenPicture>> ReadAsync(ApiCall call, IReadOnlyList<GivenPicture> given, bool isWhole = false)
    {
        RequireCount(call, given.Count);
        var all = new List<SeenPicture>();
        foreach (GivenPicture picture in given) all.Add(await ReadAsync(call, picture, $"Picture {all.Count + 1}", isWhole));
        return all;
    }

    /// <summary>Nothing is decoded that cannot fit.</summary>
    private static void RequireCount(ApiCall call, int count)
    {
        int most = Math.Min(call.Limits.MaxPictures, call.Served.Model.Config.Text.MaxPositions / call.Served.TokensPerPicture);
        if (count == 0) throw ApiException.Invalid("The request has no picture: PaliGemma answers questions about pictures, so send at least one.", "image", "missing_image");
        if (count > most) throw ApiException.Invalid($"The request has {count} pictures, and at most {most} are taken: send fewer.", "image", "too_many_images");
    }

    private async Task<SeenPicture> ReadAsync(ApiCall call, GivenPicture given, string name, bool isWhole)
    {
        if (given.Bytes() is not { } file)
        {
            ReadPicture fetched = await source.ReadAsync(given.Address(), call.Token);
            return await Task.Run(() => Seen(call, fetched, isWhole), call.Token);
        }

        await decoders.WaitAsync(call.Token);
        try
        {
            return await Task.Run(() => Seen(call, source.Decode(file, name), isWhole), call.Token);
        }
        finally
        {
            decoders.Release();
        }
    }

    private static SeenPicture Seen(ApiCall call, ReadPicture read, bool isWhole)
    {
        lock (call.Record.Pictures) call.Record.Pictures.Add(new PictureFacts(read.Bytes, read.Image.Width, read.Image.Height, read.Format, read.Sha256[..8]));
        return new SeenPicture(isWhole ? read.Image : call.Served.Model.Preprocessor.Resize(read.Image), read.Image.Width, read.Image.Height);
    }

    public void Dispose() => decoders.Dispose();
}
