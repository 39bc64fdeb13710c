using VlmSharp.Imaging;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>The pictures of a request after they are read. Their memory counts until they are disposed of.</summary>
internal sealed class SeenPictures : IDisposable
{
    private readonly List<SeenPicture> all = [];
    private BufferBudget.Share? memory;

    /// <summary>The first, which boxes and pages refer to.</summary>
    public SeenPicture First => all[0];

    /// <summary>All of them, as the model takes them.</summary>
    public RgbImage[] Images => [.. all.Select(picture => picture.Image)];

    /// <summary>How many there are so far.</summary>
    public int Count => all.Count;

    /// <summary>Adds a picture.</summary>
    public void Add(SeenPicture picture) => all.Add(picture);

    /// <summary>Takes over the memory that all of them take.</summary>
    public void Hold(BufferBudget.Share memory) => this.memory = memory;

    /// <summary>Gives the memory back to other requests.</summary>
    public void Dispose()
    {
        all.Clear(); // others take the memory at once, so nothing may keep the pixels
        memory?.Dispose();
    }
}
