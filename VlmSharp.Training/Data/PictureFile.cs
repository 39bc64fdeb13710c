using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>The pictures of examples.</summary>
internal static class PictureFile
{
    /// <summary>Reads and decodes one.</summary>
    /// <exception cref="ImageFormatException">It is missing, damaged or unsupported.</exception>
    /// <exception cref="TrainingDataException">It is a pipe.</exception>
    public static RgbImage Load(string path)
    {
        RegularFile.Require(path);
        return ImageFile.Load(path);
    }
}
