using VlmSharp.Imaging;

namespace VlmSharp.Server.Protocol;

/// <summary>A picture at the model's size, and its original size: while a request waits, nothing else of it is kept.</summary>
/// <param name="Image">[S, S] pixels, which another resize does not change; or the whole picture, if it will be shown.</param>
/// <param name="Width">Columns of the picture as sent, upright.</param>
/// <param name="Height">Rows of it.</param>
internal sealed record SeenPicture(RgbImage Image, int Width, int Height);
