using VlmSharp.Imaging;

namespace VlmSharp.Server.Protocol;

/// <summary>A picture as the model sees it, and how large it was: while a request waits, no more of it is kept.</summary>
/// <param name="Image">[S, S] pixels, which resizing once more does not change; or the whole picture, where it is to be shown.</param>
/// <param name="Width">Columns of the picture as sent, upright.</param>
/// <param name="Height">Rows of it.</param>
internal sealed record SeenPicture(RgbImage Image, int Width, int Height);
