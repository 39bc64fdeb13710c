using VlmSharp.Imaging;

namespace VlmSharp.Server.Pictures;

/// <summary>A picture of a request.</summary>
/// <param name="Image">Its pixels, upright.</param>
/// <param name="Bytes">Bytes of its file.</param>
/// <param name="Format">For instance JPEG.</param>
/// <param name="Sha256">Of its file, in hexadecimal digits.</param>
internal sealed record ReadPicture(RgbImage Image, int Bytes, string Format, string Sha256);
