using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>The result of checking a picture file.</summary>
internal sealed record PictureCheck
{
    private static readonly ImageOptions AsStored = new() { ApplyExifOrientation = false };

    /// <summary>Whether there is no such file.</summary>
    public bool IsMissing { get; private init; }

    /// <summary>Why it cannot be read, or null.</summary>
    public string? Fault { get; private init; }

    /// <summary>Whether <see cref="Fault"/> is that memory ran out: alone, it may fit.</summary>
    public bool HadNoRoom { get; private init; }

    /// <summary>Whether it is stored turned or mirrored.</summary>
    public bool IsTurned { get; private init; }

    /// <summary>Width and height, upright.</summary>
    public (int Width, int Height)? Size { get; private init; }

    /// <summary>Looks at a file.</summary>
    public static PictureCheck Of(string path, bool read)
    {
        if (!File.Exists(path)) return new PictureCheck { IsMissing = true };
        if (!read) return new PictureCheck();
        try
        {
            byte[] bytes = DataFile.ReadAll(path, (int)ImageOptions.Default.MaxFileBytes);
            RgbImage image = ImageFile.Decode(bytes, path);
            return new PictureCheck { Size = (image.Width, image.Height), IsTurned = IsStoredOtherwise(bytes, image, path) };
        }
        catch (Exception e) when (e is ImageFormatException or TrainingDataException)
        {
            return new PictureCheck { Fault = e.Message, HadNoRoom = e.InnerException is OutOfMemoryException };
        }
        catch (OutOfMemoryException e)
        {
            string what = BoundedFile.NoRoom(new FileInfo(path).Length);
            return new PictureCheck { Fault = ImageFile.NoRoom(path, what, e).Message, HadNoRoom = true };
        }
    }

    /// <summary>
    /// Whether decoding without the file's orientation gives other pixels; only files that may have an orientation are decoded twice.
    /// </summary>
    private static bool IsStoredOtherwise(byte[] bytes, RgbImage upright, string path)
    {
        ReadOnlySpan<byte> file = bytes;
        if (file.IndexOf("Exif"u8) < 0 && file.IndexOf("eXIf"u8) < 0
            && file.IndexOf("EXIF"u8) < 0 && file.IndexOf("tiff:Orientation"u8) < 0)
            return false;
        RgbImage stored = ImageFile.Decode(bytes, path, AsStored);
        return stored.Width != upright.Width || !stored.Pixels.AsSpan().SequenceEqual(upright.Pixels);
    }
}
