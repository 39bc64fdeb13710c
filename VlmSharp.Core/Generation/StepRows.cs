using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// The rows of a step, assembled on the host: ids, positions of image tokens, and the row of each sequence that is scored.
/// </summary>
/// <param name="network">Embeds the ids and says where image tokens go.</param>
internal sealed class StepRows(PaliGemmaModel network)
{
    private readonly List<int> imagePlaces = [];
    private int[] ids = [], lastRows = [];
    private int scored;

    /// <summary>Number of rows in the step, T.</summary>
    public int Count { get; private set; }

    /// <summary>[T]: token ids. A negative id refers to a row of the previous step's choice.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>[B]: the rows that the head scores.</summary>
    public ReadOnlySpan<int> LastRows => lastRows.AsSpan(0, scored);

    /// <summary>The rows of the image placeholders.</summary>
    public ReadOnlySpan<int> ImagePlaces => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(imagePlaces);

    /// <summary>Whether row i takes the token of row i of the choice, for each i.</summary>
    public bool AreOwnChoices
    {
        get
        {
            for (int i = 0; i < Count; i++)
                if (ids[i] != -1 - i) return false;
            return true;
        }
    }

    /// <summary>Starts a step.</summary>
    public void Clear()
    {
        (Count, scored) = (0, 0);
        imagePlaces.Clear();
    }

    /// <summary>Adds a prompt, and gives it the cache that the step fills.</summary>
    public void AddPrompt(Decoding prompt, SequenceBatch batch)
    {
        int[] tokens = prompt.Prompt.Ids;
        KvCache cache = network.CreateKvCache(prompt.Capacity);
        prompt.Own(cache);
        batch.Add(tokens.Length, prefixLength: tokens.Length, cache, prompt.Prompt.Adapter);
        Reserve(tokens.Length, 1);
        tokens.CopyTo(ids, Count);
        for (int i = 0; i < tokens.Length; i++)
            if (tokens[i] == network.Config.ImageTokenId) imagePlaces.Add(Count + i);
        Count += tokens.Length;
        lastRows[scored++] = Count - 1;
    }

    /// <summary>Adds the rows of a sequence that decodes.</summary>
    public void Add(Decoding rider, SequenceBatch batch, Matrix choice)
    {
        int own = rider.Rows;
        Reserve(own, own);
        rider.AddRows(ids.AsSpan(Count, own), batch, choice);
        for (int i = 0; i < own; i++) lastRows[scored++] = Count++;
    }

    private void Reserve(int moreRows, int moreScored)
    {
        if (Count + moreRows > ids.Length) Array.Resize(ref ids, Math.Max(Count + moreRows, 2 * ids.Length));
        if (scored + moreScored > lastRows.Length) Array.Resize(ref lastRows, Math.Max(scored + moreScored, 2 * lastRows.Length));
    }
}
